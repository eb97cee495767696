// @vtfk/svarut on REST V1. It draws a new id for each sending, so before it sends again it asks whether the first one came.
const { readFileSync } = require('fs')
const { env } = process
const svarut = require(env.JUDGE_PACKAGES + '/@vtfk/svarut')({ username: env.JUDGE_NAME, password: env.JUDGE_PASSWORD, url: env.JUDGE_URL })
const main = async () => {
  for (let i = 0; i < 10; i++) {
    const letter = {
      tittel: 'Vedtak ' + i, eksternReferanse: 'vtfk/' + i, mottaker: { postAdresse: { navn: 'Åse Ødegård', adresse1: 'Storgata 1', postNummer: '0155', postSted: 'OSLO' } },
      dokumenter: [{ filnavn: i + '.pdf', mimeType: 'application/pdf', data: readFileSync(env.JUDGE_LETTERS + '/' + i + '.pdf').toString('base64') }], utskriftsKonfigurasjon: { utskriftMedFarger: false, tosidig: true }
    }
    const sent = await svarut.sendForsendelse(letter).catch(async () => {
      console.log('cut', i)
      const { forsendelseIder } = await svarut.getForsendelseEksternref(letter.eksternReferanse)
      return forsendelseIder[0] ?? svarut.sendForsendelse(letter)
    })
    if (!sent.id) throw Error(JSON.stringify(sent))
  }
}
main().catch(e => { console.error(e); process.exit(1) })
