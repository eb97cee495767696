// soap on SOAP V9, by the contract that we give: an id is drawn, and sent again with.
const { readFileSync } = require('fs')
const { env } = process
const soap = require(env.JUDGE_PACKAGES + '/soap')
const url = env.JUDGE_URL + '/tjenester/forsendelseservice/ForsendelsesServiceV9'
const main = async () => {
  const client = await soap.createClientAsync(url + '?wsdl', { forceSoap12Headers: true, endpoint: url })
  client.setEndpoint(url)
  client.setSecurity(new soap.BasicAuthSecurity(env.JUDGE_NAME, env.JUDGE_PASSWORD))
  for (let i = 0; i < 10; i++) {
    const [start] = await client.startNyForsendelseAsync({})
    const send = () => client.sendForsendelseMedIdAsync({ forsendelse: {
      dokumenter: [{ data: readFileSync(env.JUDGE_LETTERS + '/' + i + '.pdf').toString('base64'), ekskluderesFraPrint: false, filnavn: i + '.pdf', mimetype: 'application/pdf', skalSigneres: false }],
      krevNiva4Innlogging: false, kryptert: false, kunDigitalLevering: false,
      mottaker: { postAdresse: { adresse1: 'Storgata 1', navn: 'Åse Ødegård', postnr: '0155', poststed: 'OSLO' } },
      printkonfigurasjon: { brevtype: 'BPOST', fargePrint: false, tosidig: true }, svarPaForsendelseLink: false, tittel: 'Vedtak ' + i }, forsendelsesid: start.return })
    const [sent] = await send().catch(() => { console.log('cut', i); return send() })
    if (sent.return !== start.return) throw Error(JSON.stringify(sent))
  }
}
main().catch(e => { console.error(e); process.exit(1) })
