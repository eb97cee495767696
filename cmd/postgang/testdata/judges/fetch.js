// openapi-fetch on REST V3 or V2, with a key of the client's.
const { readFileSync } = require('fs')
const { env } = process
const v3 = env.JUDGE_VERSION === '3'
const main = async () => {
  const { default: createClient } = await import(env.JUDGE_PACKAGES + '/openapi-fetch/dist/index.mjs')
  const client = createClient({ baseUrl: env.JUDGE_URL + '/api', headers: { Authorization: 'Bearer x', IntegrasjonId: env.JUDGE_ID, IntegrasjonPassord: env.JUDGE_PASSWORD } })
  const address = { adresselinje1: 'Storgata 1', postnummer: '0155', poststed: 'OSLO' }
  for (let i = 0; i < 10; i++) {
    const send = () => client.POST(v3 ? '/v3/kontoer/{kontoId}/forsendelser/print' : '/v2/kontoer/{kontoId}/forsendelser/', {
      params: { path: { kontoId: env.JUDGE_ACCOUNT } }, headers: { 'Idempotency-Key': 'letter ' + i }, body: {
        tittel: 'Vedtak ' + i, mottaker: v3 ? { navn: 'Åse Ødegård', adresse: address } : { navn: 'Åse Ødegård', ...address },
        utskriftskonfigurasjon: { tosidig: true }, dokumenter: [{ filnavn: i + '.pdf', mimeType: 'application/pdf' }] },
      bodySerializer: letter => {
        const form = new FormData()
        form.append('forsendelse', JSON.stringify(letter))
        form.append('dokumenter', new Blob([readFileSync(env.JUDGE_LETTERS + '/' + i + '.pdf')], { type: 'application/pdf' }), i + '.pdf')
        return form
      } })
    const { data, error } = await send().catch(() => { console.log('cut', i); return send() })
    if (!data?.id) throw Error(JSON.stringify(error))
  }
}
main().catch(e => { console.error(e); process.exit(1) })
