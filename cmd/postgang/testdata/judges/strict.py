# python3-zeep, strict, on SOAP V9: an id is drawn, and sent again with.
import os
import requests
import zeep
from requests.auth import HTTPBasicAuth

env = os.environ
url = env['JUDGE_URL'] + '/tjenester/forsendelseservice/ForsendelsesServiceV9'
session = requests.Session()
session.auth = HTTPBasicAuth(env['JUDGE_NAME'], env['JUDGE_PASSWORD'])
client = zeep.Client(url + '?wsdl', transport=zeep.Transport(session=session), settings=zeep.Settings(strict=True))
service = client.create_service(next(iter(client.wsdl.bindings)), url)


def t(name, **fields):
    return client.get_type('{http://www.ks.no/svarut/servicesV9}' + name)(**fields)


for i in range(10):
    with open('%s/%d.pdf' % (env['JUDGE_LETTERS'], i), 'rb') as f:
        pdf = f.read()
    letter = t('forsendelse', tittel='Vedtak %d' % i, krevNiva4Innlogging=False, kryptert=False, kunDigitalLevering=False, svarPaForsendelseLink=False,
               printkonfigurasjon=t('printkonfigurasjon', brevtype='BPOST', fargePrint=False, tosidig=True), signaturtype=None, signeringUtloper=None,
               dokumenter=[t('dokument', data=pdf, filnavn='%d.pdf' % i, mimetype='application/pdf', ekskluderesFraPrint=False, skalSigneres=False)],
               mottaker=t('adresse', postAdresse=t('postAdresse', navn='Åse Ødegård', adresse1='Storgata 1', postnr='0155', poststed='OSLO')))
    id = service.startNyForsendelse()
    try:
        sent = service.sendForsendelseMedId(forsendelse=letter, forsendelsesid=id)
    except requests.exceptions.ConnectionError:
        print('cut', i)
        sent = service.sendForsendelseMedId(forsendelse=letter, forsendelsesid=id)
    assert sent == id, sent
