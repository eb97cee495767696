package console

import "maps"

// rulesLetters are who may act on letters.
var rulesLetters = map[string]rule{
	"GET /forsendelser/{id}/adresse":   {roles: "saksbehandler operator", path: letterPath("/adresse")},
	"POST /forsendelser/{id}/adresse":  {roles: "saksbehandler operator", path: letterPath("/adresse"), form: "begrunnelse=Flyttet"},
	"GET /forsendelser/{id}/igjen":     {roles: "saksbehandler operator", path: letterPath("/igjen")},
	"POST /forsendelser/{id}/igjen":    {roles: "saksbehandler operator", path: letterPath("/igjen"), form: "begrunnelse=Flyttet"},
	"GET /forsendelser/{id}/retur":     {roles: "saksbehandler operator", path: letterPath("/retur")},
	"POST /forsendelser/{id}/retur":    {roles: "saksbehandler operator", path: letterPath("/retur"), form: "arsak=flyttet"},
	"GET /forsendelser/{id}/klargjor":  {roles: "saksbehandler operator", path: letterPath("/klargjor")},
	"POST /forsendelser/{id}/klargjor": {roles: "saksbehandler operator", path: letterPath("/klargjor"), form: "begrunnelse=Rettet"},
	"GET /forsendelser/{id}/godkjenn":  {roles: "saksbehandler operator", path: letterPath("/godkjenn")},
	"POST /forsendelser/{id}/godkjenn": {roles: "saksbehandler operator", path: letterPath("/godkjenn"), form: "begrunnelse=Riktig+liste"},
	"GET /kostnadsvakt":                {roles: "saksbehandler operator", path: fixed("/kostnadsvakt")},
	"GET /kostnadsvakt/godkjenn":       {roles: "saksbehandler operator", path: fixed("/kostnadsvakt/godkjenn?konto=" + own + "&kode=0412")},
	"POST /kostnadsvakt/godkjenn":      {roles: "saksbehandler operator", path: fixed("/kostnadsvakt/godkjenn?konto=" + own + "&kode=finnes-ikke"), form: "begrunnelse=Riktig+liste"},
}

func init() { maps.Copy(rules, rulesLetters) }
