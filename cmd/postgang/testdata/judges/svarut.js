// svarut on SOAP V9, with MTOM. It cannot say an id where one belongs, so before it sends again it asks whether the first one came.
const { readFileSync } = require('fs')
const { env } = process
process.chdir(env.JUDGE_PACKAGES + '/..')
const svarut = require(env.JUDGE_PACKAGES + '/svarut')
const url = env.JUDGE_URL.replace('://', '://' + encodeURIComponent(env.JUDGE_NAME) + ':' + encodeURIComponent(env.JUDGE_PASSWORD) + '@') + '/tjenester/forsendelseservice/ForsendelsesServiceV9'
const main = async () => {
  for (let i = 0; i < 10; i++) {
    const send = () => svarut.sendForsendelse({ config: { url }, query: {
      tittel: 'Vedtak ' + i, eksternref: 'svarut/' + i, krevNiva4Innlogging: false, kryptert: false, printkonfigurasjon: { brevtype: 'BPOST', fargePrint: false, tosidig: true },
      dokumenter: [{ data: readFileSync(env.JUDGE_LETTERS + '/' + i + '.pdf').toString('base64'), filnavn: i + '.pdf', mimetype: 'application/pdf' }],
      mottaker: { navn: 'Åse Ødegård', adresse1: 'Storgata 1', postnr: '0155', poststed: 'OSLO' } } })
    const isID = id => /^[0-9a-f-]{36}$/.test(id)
    const [id] = await send().catch(async () => {
      console.log('cut', i)
      const came = await svarut.retrieveForsendelsesIderByEksternRef({ config: { url }, query: { eksternRef: 'svarut/' + i } })
      return isID(came) ? [came] : send()
    })
    if (!isID(id)) throw Error(JSON.stringify(id))
  }
}
main().catch(e => { console.error(e); process.exit(1) })
