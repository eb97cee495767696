// A client of REST V3 and V2 that openapi-typescript and openapi-fetch make of SvarUt's contracts. It sends straight to us, and asks for
// everything else by way of Prism, which answers 500 for what is not as the contracts say, be it asked or answered.
import createClient from 'openapi-fetch'
import type { components, paths } from './api'

const [, , direct, proxy, konto, integrasjon, passord, strangers] = process.argv
const headers = { Authorization: 'Bearer good', IntegrasjonId: integrasjon, IntegrasjonPassord: passord }
const sender = createClient<paths>({ baseUrl: direct, headers })
const client = createClient<paths>({ baseUrl: proxy, headers })
const unknown = '00000000-0000-4000-8000-000000000000'
const path = { kontoId: konto }

let asked = 0
type Answer<T> = { data?: T; error?: unknown; response: Response }
// got is the answer to a call that must be answered with a status.
async function got<T>(what: string, status: number, call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call
  asked++
  if (response.status !== status) throw Error(`${what}: ${response.status} ${JSON.stringify(error ?? data)}`)
  return data as T
}
// fails is a call that must fail with a status and a code.
async function fails(what: string, status: number, code: string | undefined, call: Promise<Answer<unknown>>) {
  const { error, response } = await call
  asked++
  const said = (error as { errorCode?: string } | undefined)?.errorCode
  if (response.status !== status || said !== code) throw Error(`${what}: ${response.status} ${JSON.stringify(error)}`)
}
function must(what: string, found: unknown, want: unknown) {
  if (JSON.stringify(found) !== JSON.stringify(want)) throw Error(`${what}: ${JSON.stringify(found)}, want ${JSON.stringify(want)}`)
}

const pdf = (name: string) => new File([`%PDF-1.7\n% ${name}\n%%EOF\n`], name, { type: 'application/pdf' })
// multipart writes a body as FormData does: the JSON first and without a type, then the documents.
function multipart(body: unknown): FormData {
  const { forsendelse, dokumenter } = body as { forsendelse: unknown; dokumenter: File[] }
  const form = new FormData()
  form.append('forsendelse', JSON.stringify(forsendelse))
  for (const f of dokumenter) form.append('dokumenter', f, f.name)
  return form
}
type Body = { forsendelse?: components['schemas']['v3_send_PersonForsendelse']; dokumenter?: string[] }
const letter = (reference: string): NonNullable<Body['forsendelse']> => ({
  tittel: 'Vedtak', eksternReferanse: reference, avgivendeSystem: 'judge', konteringskode: '0412', sikkerhetsniva: 'BETYDELIG',
  mottaker: { navn: 'Åse Ødegård', digitalId: '41814061033', adresse: { adresselinje1: 'Storgata 1', postnummer: '0155', poststed: 'OSLO' } },
  utskriftskonfigurasjon: { tosidig: true }, dokumenter: [{ filnavn: 'æ ø.pdf', mimeType: 'application/pdf' }],
})
const files = () => [pdf('æ ø.pdf')] as unknown as string[] // a file is a string to openapi-typescript
const keyed = (key: string) => ({ ...headers, 'Idempotency-Key': key })

const v3 = (reference: string, key: string) => sender.POST('/v3/kontoer/{kontoId}/forsendelser/person', {
  params: { path }, headers: keyed(key), body: { forsendelse: letter(reference), dokumenter: files() }, bodySerializer: multipart,
})
// The contract of V2's send says nothing of its body.
const v2 = (reference: string, key: string) => sender.POST('/v2/kontoer/{kontoId}/forsendelser', {
  params: { path }, headers: keyed(key), bodySerializer: multipart,
  body: { forsendelse: { tittel: 'Vedtak', eksternReferanse: reference, avgivendeSystem: 'judge', mottaker: { navn: 'Åse', adresselinje1: 'Storgata 1', postnummer: '0155', poststed: 'OSLO', digitalId: '41814061033' },
    utskriftskonfigurasjon: { tosidig: true }, dokumenter: [{ filnavn: 'æ ø.pdf', mimeType: 'application/pdf' }] }, dokumenter: files() } as never,
})

const ids: string[] = []
for (let i = 0; i < 10; i++) {
  for (const [name, send] of [['v3', v3], ['v2', v2]] as const) {
    const call = () => send(`${name}/${i}`, `${name}-${i}`)
    const answer = await call().catch(() => { console.log('cut', name, i); return call() })
    ids.push((await got(`send ${name}`, 200, Promise.resolve(answer as Answer<{ id?: string }>))).id!)
  }
}
must('ids', new Set(ids).size, 20)
const [first] = ids
const organisation = await got('organisation', 200, sender.POST('/v3/kontoer/{kontoId}/forsendelser/organisasjon', {
  params: { path }, body: { forsendelse: { ...letter('org'), mottaker: { ...letter('org').mottaker, digitalId: '974760673' } } as never, dokumenter: files() }, bodySerializer: multipart,
}))
const paper = await got('print', 200, sender.POST('/v3/kontoer/{kontoId}/forsendelser/print', {
  params: { path }, bodySerializer: multipart,
  body: { forsendelse: { tittel: 'Vedtak', mottaker: { navn: 'Åse', adresse: { adresselinje1: 'Storgata 1', postnummer: '0155', poststed: 'OSLO' } }, dokumenter: [{ filnavn: 'æ ø.pdf', mimeType: 'application/pdf' }] } as never, dokumenter: files() },
}))

// What Prism judges.
const all = [...ids, organisation.id!, paper.id!]
const found = await got('status V3', 200, client.POST('/v3/kontoer/{kontoId}/forsendelser/status/sok', { params: { path }, body: { id: [...all, unknown] } }))
must('status V3', found.statuser!.map(s => s.id).sort(), all.toSorted())
const found2 = await got('status V2', 200, client.POST('/v2/kontoer/{kontoId}/forsendelser/status-sok', { params: { path }, body: { forsendelseIds: [...all, unknown] } }))
must('status V2', found2.statuser.map(s => [s.id, s.status]).sort(), all.map(id => [id, 'MOTTATT']).sort())
must('none', (await got('status of none', 200, client.POST('/v2/kontoer/{kontoId}/forsendelser/status-sok', { params: { path }, body: { forsendelseIds: [] } }))).statuser, [])
must('reference', (await got('reference', 200, client.GET('/v2/kontoer/{kontoId}/forsendelser', { params: { path, query: { eksternRef: 'v3/0' } } }))).forsendelseIds, [first])
must('no reference', (await got('no reference', 200, client.GET('/v2/kontoer/{kontoId}/forsendelser', { params: { path, query: { eksternRef: 'v3/10' } } }))).forsendelseIds, [])
must('by reference', (await got('by reference', 200, client.GET('/v2/kontoer/{kontoId}/forsendelser/metadata', { params: { path, query: { eksternRef: 'v3/0' } } }))).forsendelser.map(f => [f.id, f.avgivendeSystem]), [[first, 'judge']])
must('paper by reference', (await got('by no reference', 200, client.GET('/v2/kontoer/{kontoId}/forsendelser/metadata', { params: { path, query: { eksternRef: '-' } } }))).forsendelser, [])
for (const id of [first, ids[1], organisation.id!, paper.id!]) {
  const one = { params: { path: { forsendelseId: id } } }
  must('history', (await got('history', 200, client.GET('/v2/forsendelser/{forsendelseId}/hendelser', one))).hendelser[0].hendelse, 'Mottatt')
  must('signing', (await got('signing', 200, client.GET('/v2/forsendelser/{forsendelseId}/signeringshendelser', one))).hendelser, [])
  must('metadata', (await got('metadata', 200, client.GET('/v2/forsendelser/{forsendelseId}/metadata', one))).dokumenter.map(d => d.filnavn), ['æ ø.pdf'])
}
must('types', (await got('types', 200, client.GET('/v2/forsendelsestyper'))).forsendelsestyper, [])
await got('systems', 200, client.GET('/v2/mottakersystem', { params: { query: { organisasjonsnummer: '974760673' } } }))
const lest = { fnr: '41814061033', tidspunkt: '2026-11-24T12:00:00+01:00', eksterntSystemnavn: 'judge' }
await got('read', 204, client.POST('/v2/forsendelser/{forsendelseId}/lest', { params: { path: { forsendelseId: first } }, body: lest }))

// Prism does judge: an answer that lacks what it must have is found.
await fails('broken', 500, undefined, client.GET('/v2/forsendelser/{forsendelseId}/hendelser', { params: { path: { forsendelseId: first } }, headers: { 'Judge-Broken': '1' } }))

// Errors are answers too.
const nobody = { params: { path: { forsendelseId: unknown } } }
await fails('history of none', 404, 'forsendelse-ukjent', client.GET('/v2/forsendelser/{forsendelseId}/hendelser', nobody))
await fails('signing of none', 404, 'forsendelse-ukjent', client.GET('/v2/forsendelser/{forsendelseId}/signeringshendelser', nobody))
await fails('metadata of none', 404, 'forsendelse-ukjent', client.GET('/v2/forsendelser/{forsendelseId}/metadata', nobody))
await fails('read of none', 404, 'forsendelse-ukjent', client.POST('/v2/forsendelser/{forsendelseId}/lest', { ...nobody, body: lest }))
await fails('read before', 400, 'lest-tidspunkt', client.POST('/v2/forsendelser/{forsendelseId}/lest', { params: { path: { forsendelseId: ids[1] } }, body: { ...lest, tidspunkt: '2020-01-01T00:00:00Z' } }))
// A letter that may still become paper keeps its content.
await fails('remove', 409, 'ikke-ferdig', sender.DELETE('/v2/forsendelser/{forsendelseId}/dokumenter', { params: { path: { forsendelseId: first }, query: { slettetype: 'ALLE' } } as never }))
const other = { path: { kontoId: strangers } }
await fails('account V3', 403, 'ingen-tilgang', client.POST('/v3/kontoer/{kontoId}/forsendelser/status/sok', { params: other, body: { id: [first] } }))
await fails('account V2', 403, 'ingen-tilgang', client.POST('/v2/kontoer/{kontoId}/forsendelser/status-sok', { params: other, body: { forsendelseIds: [first] } }))
await fails('account reference', 403, 'ingen-tilgang', client.GET('/v2/kontoer/{kontoId}/forsendelser', { params: { ...other, query: { eksternRef: 'v3/0' } } }))
await fails('token', 401, 'token', client.GET('/v2/forsendelsestyper', { headers: { Authorization: 'Bearer bad' } }))
await fails('password', 401, 'integrasjon-feilet', client.GET('/v2/mottakersystem', { headers: { IntegrasjonPassord: 'bad' } }))
await fails('other content', 409, 'nokkel-brukt', v3('another', 'v3-0'))
await fails('refused', 400, 'konteringskode-form', sender.POST('/v3/kontoer/{kontoId}/forsendelser/person', {
  params: { path }, body: { forsendelse: { ...letter('x'), konteringskode: '04 12' }, dokumenter: files() }, bodySerializer: multipart,
}))
console.log('judged', asked)
