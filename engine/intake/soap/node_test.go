package soap_test

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"postgang/engine/intake/door/doortest"
	"postgang/fixtures/judges"
)

// nodeScript sends one letter each by the clients that node has for SOAP, and once more what they heard no answer to.
const nodeScript = `
process.chdir(process.argv[1])
const req = n => require(process.argv[1] + '/node_modules/' + n)
const [, , url, user, password] = process.argv
const pdf = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(50000, 120), Buffer.from('\n%%EOF\n')])
const again = async (what, f) => { try { return await f() } catch (e) { console.log('cut', what); return f() } }
const main = async () => {
  const svarut = req('svarut')
  const at = url.replace('://', '://' + encodeURIComponent(user) + ':' + encodeURIComponent(password) + '@') + '9'
  const config = { url: at }
  const letter = () => ({ config, query: { tittel: 'Vedtak', avgivendeSystem: 'x', krevNiva4Innlogging: false, kryptert: false, eksternref: 'node',
    printkonfigurasjon: { brevtype: 'BPOST', fargePrint: false, tosidig: true },
    dokumenter: [{ data: pdf.toString('base64'), filnavn: 'a.pdf', mimetype: 'application/pdf' }],
    mottaker: { navn: 'Åse', adresse1: 'Storgata 1', postnr: '0155', poststed: 'OSLO', fnr: '41814061033' } } })
  const [id] = await svarut.sendForsendelse(letter())
  if (!/^[0-9a-f-]{36}$/.test(id)) throw Error('svarut: ' + JSON.stringify(id))
  const status = await svarut.retrieveForsendelsesStatus({ config, query: { forsendelsesid: id } })
  if (status !== 'MOTTATT') throw Error('svarut status: ' + JSON.stringify(status))
  const bad = letter(); bad.query.tittel = ''
  const fault = await svarut.sendForsendelse(bad).then(() => 'none', e => e.message)
  if (!fault.startsWith('Ugyldig innhold: tittel')) throw Error('svarut fault: ' + fault)
  console.log('svarut', id)

  const soap = req('soap')
  const client = await soap.createClientAsync(url + '9?wsdl', { forceSoap12Headers: true })
  client.setSecurity(new soap.BasicAuthSecurity(user, password))
  const f = { forsendelse: { avgivendeSystem: 'x', dokumenter: [{ data: pdf.toString('base64'), ekskluderesFraPrint: false, filnavn: 'a.pdf', mimetype: 'application/pdf', skalSigneres: false }],
    krevNiva4Innlogging: false, kryptert: false, kunDigitalLevering: false,
    mottaker: { digitalAdresse: { attributes: { 'xsi:type': 'tns:personDigitalAdresse' }, fnr: '41814061033' }, postAdresse: { adresse1: 'Storgata 1', navn: 'Åse', postnr: '0155', poststed: 'OSLO' } },
    svarPaForsendelseLink: false, tittel: 'Vedtak' } }
  const [start] = await client.startNyForsendelseAsync({})
  f.forsendelsesid = start.return
  const [sent] = await again('soap', () => client.sendForsendelseMedIdAsync(f))
  if (sent.return !== start.return) throw Error('soap: ' + JSON.stringify(sent))
  console.log('soap', sent.return)
}
main().catch(e => { console.error(e); process.exit(1) })
`

// TestNode: the clients of SOAP that node has, svarut 7.0.0 and soap 1.13.0, as they are.
func TestNode(t *testing.T) {
	node, dir := judges.Node(t)
	w := newWorld(t, func(h http.Handler) http.Handler {
		return doortest.CutOnce(h, func(r *http.Request) bool {
			return strings.Contains(r.UserAgent(), "node-soap") && r.ContentLength > 50_000
		})
	})
	out, err := exec.CommandContext(t.Context(), node, "-e", nodeScript, dir, w.url, w.Integration.Name, w.Password).CombinedOutput()
	t.Logf("%s", out)
	if n := len(w.Shipments()); err != nil || n != 2 || !strings.Contains(string(out), "cut soap") {
		t.Errorf("%v, %d shipments", err, n)
	}
}
