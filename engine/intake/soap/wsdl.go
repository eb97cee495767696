package soap

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
)

// The contract of each version that is known, written anew: what it says on the wire is SvarUt's. A type is its fields in order, each
// "name type", with ? behind the name of one that may be missing, * of one that may come any number of times, + of one that comes at least
// once, and ~ of one that may be nil.
type contract struct {
	types      []typeOf
	enums      []typeOf // fields are the values
	operations []string
}

type typeOf struct {
	name, base string // base is what it extends
	abstract   bool
	fields     []string
}

var metadataFrom = []string{"dokumentetsDato? dateTime", "ekstraMetadata*~ entry", "journalaar int", "journaldato? dateTime", "journalpostnummer int", "journalposttype? string", "journalsekvensnummer int", "journalstatus? string", "saksaar int", "saksbehandler? string", "sakssekvensnummer int", "tittel? string"}

// shared are the types that V4 and V9 have alike.
var shared = []typeOf{
	{name: "sendForsendelse", fields: []string{"forsendelse? forsendelse"}},
	{name: "sendForsendelseResponse", fields: []string{"return? string"}},
	{name: "retrieveForsendelseStatus", fields: []string{"forsendelsesid string"}},
	{name: "retrieveForsendelseStatusResponse", fields: []string{"return? forsendelseStatus"}},
	{name: "retrieveForsendelseHistorikk", fields: []string{"forsendelsesid string"}},
	{name: "retrieveForsendelseHistorikkResponse", fields: []string{"return? forsendelseHistorikk"}},
	{name: "forsendelseHistorikk", fields: []string{"hendelsesLogg*~ hendelsesLogg"}},
	{name: "hendelsesLogg", fields: []string{"hendelse? string", "tidspunkt? string"}},
	{name: "setForsendelseLestAvEksterntSystem", fields: []string{"forsendelsesid? string", "lestAvFodselsnummer? string", "navnPaEksterntSystem? string", "datoLest? dateTime"}},
	{name: "setForsendelseLestAvEksterntSystemResponse"},
	{name: "lenke", fields: []string{"ledetekst? string", "urlLenke? string", "urlTekst? string"}},
	{name: "entry", fields: []string{"key? string", "value? string"}},
	{name: "noarkMetadataForImport", fields: []string{"dokumentetsDato? dateTime", "journalposttype? string", "journalstatus? string", "saksaar int", "sakssekvensnummer int", "tittel? string"}},
	{name: "noarkMetadataFraAvleverendeSakssystem", fields: metadataFrom},
	{name: "printkonfigurasjon", fields: []string{"brevtype? brevtype", "fargePrint boolean", "tosidig boolean"}},
}

var letterTypes = typeOf{name: "brevtype", fields: []string{"APOST", "BPOST"}}

var contractV4 = contract{
	operations: []string{"sendForsendelse", "retrieveForsendelseStatus", "retrieveForsendelseHistorikk", "setForsendelseLestAvEksterntSystem"},
	types: append([]typeOf{
		{name: "forsendelse", fields: []string{"avgivendeSystem? string", "dokumenter*~ dokument", "konteringskode? string", "krevNiva4Innlogging boolean", "kryptert boolean", "kunDigitalLevering boolean", "lenker*~ lenke", "metadataForImport? noarkMetadataForImport", "metadataFraAvleverendeSystem? noarkMetadataFraAvleverendeSakssystem", "mottaker mottaker", "printkonfigurasjon? printkonfigurasjon", "tittel string"}},
		{name: "dokument", fields: []string{"data base64Binary", "filnavn string", "giroarkSider*~ int", "mimetype string"}},
		{name: "mottaker", abstract: true, fields: []string{"adresse1? string", "adresse2? string", "adresse3? string", "land? string", "navn string", "postnr string", "poststed string"}},
		{name: "privatPerson", base: "mottaker", fields: []string{"fodselsnr? string"}},
		{name: "organisasjon", base: "mottaker", fields: []string{"orgnr? string"}},
	}, shared...),
	enums: []typeOf{letterTypes, {name: "forsendelseStatus", fields: []string{"MOTTATT", "AKSEPTERT", "AVVIST", "VARSLET", "LEST", "SENDT_PRINT", "PRINTET", "MANUELT_HANDTERT", "SENDT_DIGITALT"}}},
}

var contractV9 = contract{
	operations: []string{"sendForsendelse", "sendForsendelseMedId", "startNyForsendelse", "retrieveForsendelseStatus", "retrieveForsendelseStatuser", "retrieveForsendelseHistorikk", "retrieveSigneringshistorikk", "retrieveSigneringshistorikkForFlereForsendelser", "setForsendelseLestAvEksterntSystem", "retreiveForsendelseTyper", "retrieveMottakerSystemForOrgnr", "retrieveForsendelseIdByEksternRef"},
	types: append([]typeOf{
		{name: "forsendelse", fields: []string{"avgivendeSystem? string", "dokumenter*~ dokument", "eksternref? string", "forsendelseType? string", "konteringskode? string", "krevNiva4Innlogging boolean", "kryptert boolean", "kunDigitalLevering boolean", "lenker*~ lenke", "metadataForImport? noarkMetadataForImport", "metadataFraAvleverendeSystem? noarkMetadataFraAvleverendeSakssystem", "mottaker? adresse", "printkonfigurasjon? printkonfigurasjon", "signaturtype~ signaturType", "signeringUtloper~ dateTime", "svarPaForsendelse? string", "svarPaForsendelseLink boolean", "svarSendesTil? adresse", "tittel string"}},
		{name: "dokument", fields: []string{"data base64Binary", "dokumentType? string", "ekskluderesFraPrint boolean", "filnavn string", "giroarkSider*~ int", "mimetype string", "skalSigneres boolean"}},
		{name: "adresse", fields: []string{"digitalAdresse? digitalAdresse", "postAdresse? postAdresse"}},
		{name: "digitalAdresse", abstract: true},
		{name: "organisasjonDigitalAdresse", base: "digitalAdresse", fields: []string{"orgnr? string"}},
		{name: "personDigitalAdresse", base: "digitalAdresse", fields: []string{"fnr? string"}},
		{name: "postAdresse", fields: []string{"adresse1? string", "adresse2? string", "adresse3? string", "land? string", "navn? string", "postnr? string", "poststed? string"}},
		{name: "sendForsendelseMedId", fields: []string{"forsendelse? forsendelse", "forsendelsesid? string"}},
		{name: "sendForsendelseMedIdResponse", fields: []string{"return? string"}},
		{name: "startNyForsendelse"},
		{name: "startNyForsendelseResponse", fields: []string{"return? string"}},
		{name: "retrieveForsendelseStatuser", fields: []string{"forsendelseider* string"}},
		{name: "retrieveForsendelseStatuserResponse", fields: []string{"return* statusResult"}},
		{name: "statusResult", fields: []string{"forsendelseStatus? forsendelseStatus", "forsendelsesid? string", "sisteStatusEndring? dateTime"}},
		{name: "retrieveSigneringshistorikk", fields: []string{"forsendelseid string"}},
		{name: "retrieveSigneringshistorikkResponse", fields: []string{"return? signeringshistorikk"}},
		{name: "signeringshistorikk", fields: []string{"forsendelseid? string", "logg* signeringslogg"}},
		{name: "signeringslogg", fields: []string{"tidspunkt? string", "type? string", "hendelse? string"}},
		{name: "retrieveSigneringshistorikkForFlereForsendelser", fields: []string{"forsendelseider+ string"}},
		{name: "retrieveSigneringshistorikkForFlereForsendelserResponse", fields: []string{"return* signeringshistorikk"}},
		{name: "retreiveForsendelseTyper"},
		{name: "retreiveForsendelseTyperResponse", fields: []string{"return* string"}},
		{name: "retrieveMottakerSystemForOrgnr", fields: []string{"organisasjonsnr? string"}},
		{name: "retrieveMottakerSystemForOrgnrResponse", fields: []string{"return* mottakerForsendelseTyper"}},
		{name: "mottakerForsendelseTyper", fields: []string{"forsendelseType? string", "mottakerid? string", "mottakersystem? string", "niva int", "orgnr? string"}},
		{name: "retrieveForsendelseIdByEksternRef", fields: []string{"eksternRef? string"}},
		{name: "retrieveForsendelseIdByEksternRefResponse", fields: []string{"return* string"}},
	}, shared...),
	enums: []typeOf{
		letterTypes,
		{name: "signaturType", fields: []string{"AUTENTISERT_SIGNATUR", "AVANSERT_SIGNATUR"}},
		{name: "forsendelseStatus", fields: []string{"MOTTATT", "AKSEPTERT", "AVVIST", "VARSLET", "LEST", "SENDT_PRINT", "PRINTET", "MANUELT_HANDTERT", "SENDT_DIGITALT", "SENDT_SDP", "LEVERT_SDP", "KLAR_FOR_MOTTAK", "IKKE_LEVERT"}},
	},
}

// serveWSDL answers ?wsdl of the versions whose contract is public.
func (h *handler) serveWSDL(w http.ResponseWriter, r *http.Request) {
	known := map[int]contract{4: contractV4, 9: contractV9}
	c, ok := known[h.version]
	switch {
	case !strings.EqualFold(r.URL.RawQuery, "wsdl") && !strings.EqualFold(r.URL.RawQuery, "singleWsdl"):
		http.Error(w, "SOAP-tjeneste: bruk POST, eller hent kontrakten med ?wsdl.", http.StatusMethodNotAllowed)
	case !ok:
		http.Error(w, "Kontrakten for denne versjonen er ikke offentlig. Hent den for V4 eller V9.", http.StatusNotFound)
	default:
		scheme := "http"
		if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
			scheme = "https"
		}
		w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
		_, _ = w.Write(c.wsdl(h.version, h.namespace(), scheme+"://"+r.Host+r.URL.Path)) // who asked may be gone
	}
}

// wsdl writes the contract as WSDL 1.1 with a binding of SOAP 1.2.
func (c contract) wsdl(version int, space, location string) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	service := fmt.Sprintf("ForsendelsesServiceV%d", version)
	line(`<?xml version="1.0" encoding="UTF-8"?>`)
	line(`<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="%s" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" name="%s" targetNamespace="%s">`, space, service, space)
	line(`<wsdl:types><xs:schema xmlns:xmime="http://www.w3.org/2005/05/xmlmime" elementFormDefault="unqualified" targetNamespace="%s">`, space)
	for _, op := range c.operations {
		for _, name := range []string{op, op + "Response"} {
			line(`<xs:element name="%s" type="tns:%s"/>`, name, name)
		}
	}
	for _, t := range c.enums {
		line(`<xs:simpleType name="%s"><xs:restriction base="xs:string">`, t.name)
		for _, v := range t.fields {
			line(`<xs:enumeration value="%s"/>`, v)
		}
		line(`</xs:restriction></xs:simpleType>`)
	}
	for _, t := range c.types {
		t.write(line)
	}
	line(`</xs:schema></wsdl:types>`)
	for _, op := range c.operations {
		for _, name := range []string{op, op + "Response"} {
			line(`<wsdl:message name="%s"><wsdl:part element="tns:%s" name="parameters"/></wsdl:message>`, name, name)
		}
	}
	line(`<wsdl:portType name="%s">`, service)
	for _, op := range c.operations {
		line(`<wsdl:operation name="%s"><wsdl:input message="tns:%s"/><wsdl:output message="tns:%sResponse"/></wsdl:operation>`, op, op, op)
	}
	line(`</wsdl:portType><wsdl:binding name="%sSoapBinding" type="tns:%s"><soap12:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>`, service, service)
	for _, op := range c.operations {
		line(`<wsdl:operation name="%s"><soap12:operation soapAction="" style="document"/><wsdl:input><soap12:body use="literal"/></wsdl:input><wsdl:output><soap12:body use="literal"/></wsdl:output></wsdl:operation>`, op)
	}
	var at bytes.Buffer
	escape(&at, location)
	line(`</wsdl:binding><wsdl:service name="%s"><wsdl:port binding="tns:%sSoapBinding" name="%s"><soap12:address location="%s"/></wsdl:port></wsdl:service></wsdl:definitions>`, service, service, service, at.String())
	return b.Bytes()
}

// simple are the types of XML Schema that contracts use; all others are the contract's own.
var simple = map[string]bool{"string": true, "boolean": true, "int": true, "dateTime": true, "base64Binary": true}

func (t typeOf) write(line func(string, ...any)) {
	abstract := ""
	if t.abstract {
		abstract = ` abstract="true"`
	}
	line(`<xs:complexType name="%s"%s>`, t.name, abstract)
	if t.base != "" {
		line(`<xs:complexContent><xs:extension base="tns:%s">`, t.base)
	}
	line(`<xs:sequence>`)
	for _, f := range t.fields {
		name, kind, _ := strings.Cut(f, " ")
		attributes := ""
		if strings.ContainsAny(name, "?*") {
			attributes += ` minOccurs="0"`
		}
		if strings.ContainsAny(name, "*+") {
			attributes += ` maxOccurs="unbounded"`
		}
		if strings.Contains(name, "~") {
			attributes += ` nillable="true"`
		}
		if kind == "base64Binary" {
			attributes += ` xmime:expectedContentTypes="application/octet-stream"`
		}
		prefix := "tns:"
		if simple[kind] {
			prefix = "xs:"
		}
		line(`<xs:element name="%s" type="%s%s"%s/>`, strings.TrimRight(name, "?*+~"), prefix, kind, attributes)
	}
	line(`</xs:sequence>`)
	if t.base != "" {
		line(`</xs:extension></xs:complexContent>`)
	}
	line(`</xs:complexType>`)
}
