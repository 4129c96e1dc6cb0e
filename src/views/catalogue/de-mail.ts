import type { Catalogue } from './index.ts'

/** The German words of mails. */
export const mailWords: Catalogue['mail'] = {
  hello: 'Guten Tag {name},',
  helloNobody: 'Guten Tag,',
  notYou: 'Wenn Sie das nicht waren, ändern Sie jetzt Ihr Passwort und melden Sie sich überall ab:',
  account: 'Ihr Konto',
  when: 'Wann',
  device: 'Gerät',
  network: 'Netz',
  footer: 'Diese Nachricht kommt von {deployment} auf {host}. Antworten Sie nicht darauf.',
  linkHint: 'Wenn der Knopf nicht funktioniert, kopieren Sie diese Adresse in Ihren Browser:',
  resetPassword: {
    subject: 'Neues Passwort wählen',
    meaning:
      'Jemand hat ein neues Passwort für Ihr Konto {account} angefordert. Wenn Sie das waren, wählen Sie es hier:',
    button: 'Neues Passwort wählen',
    limit: 'Der Link gilt einmal und {wait} lang. Hat Ihr Konto einen zweiten Schritt, brauchen Sie ihn wie bisher.',
    otherwise: 'Wenn Sie das nicht waren, tun Sie nichts: Ihr Passwort bleibt, wie es ist.',
  },
  verifyEmail: {
    subject: 'E-Mail-Adresse bestätigen',
    meaning: 'Gehört {email} Ihnen? Dann bestätigen Sie die Adresse für Ihr Konto {account}:',
    button: 'Bestätigen',
    limit: 'Der Link gilt einmal und {wait} lang.',
    otherwise: 'Wenn Sie bei uns kein Konto haben, tun Sie nichts: dann geschieht mit Ihrer Adresse nichts.',
  },
  emailChangeRequested: {
    subject: 'Ihre E-Mail-Adresse soll geändert werden',
    meaning:
      'Jemand möchte die E-Mail-Adresse Ihres Kontos {account} in {email} ändern. Das geschieht, sobald der Link geöffnet wird, den wir dorthin geschickt haben.',
    otherwise: 'Wenn Sie das nicht waren, ändern Sie jetzt Ihr Passwort. Das hält die Änderung auf:',
  },
  emailChanged: {
    subject: 'Ihre E-Mail-Adresse wurde geändert',
    toOld: 'Die E-Mail-Adresse Ihres Kontos {account} ist jetzt {email}. An diese Adresse schreiben wir nicht mehr.',
    toNew: 'Die E-Mail-Adresse Ihres Kontos {account} ist jetzt {email}.',
    otherwise: 'Wenn Sie das nicht waren, bitten Sie sofort die Betreiber von {deployment} um Hilfe.',
  },
  passwordChanged: {
    subject: 'Ihr Passwort wurde geändert',
    meaning: 'Das Passwort Ihres Kontos {account} wurde geändert. Alle anderen Geräte und Apps wurden abgemeldet.',
  },
  factorAdded: {
    subject: 'Ein Authenticator wurde hinzugefügt',
    meaning: 'Der Authenticator {factor} wurde zu Ihrem Konto {account} hinzugefügt.',
  },
  factorRemoved: {
    subject: 'Ein Authenticator wurde entfernt',
    meaning: 'Der Authenticator {factor} wurde aus Ihrem Konto {account} entfernt.',
  },
  codesRenewed: {
    subject: 'Neue Wiederherstellungscodes',
    meaning: 'Für Ihr Konto {account} wurden neue Wiederherstellungscodes erzeugt. Ältere gelten nicht mehr.',
  },
  codeUsed: {
    subject: 'Ein Wiederherstellungscode wurde benutzt',
    meaning:
      'Mit einem Wiederherstellungscode hat sich jemand bei Ihrem Konto {account} angemeldet. Noch übrig: {count}.',
  },
  newDevice: {
    subject: 'Neue Anmeldung bei Ihrem Konto',
    meaning: 'Bei Ihrem Konto {account} hat sich jemand auf einem Gerät angemeldet, das wir noch nicht kannten.',
    otherwise: 'Wenn Sie das waren, ist nichts zu tun.',
  },
  strangersShutOut: {
    subject: 'Viele falsche Passwörter bei Ihrem Konto',
    meaning:
      'Jemand hat bei Ihrem Konto {account} viele falsche Passwörter ausprobiert. Auf Geräten, die Sie noch nicht benutzt haben, ist die Anmeldung deshalb vorerst gesperrt.',
    remedy:
      'Auf einem Gerät, das Sie schon benutzt haben, können Sie sich wie immer anmelden; das hebt die Sperre auf. Auf einem neuen Gerät setzen Sie zuerst ein neues Passwort:',
    button: 'Neues Passwort setzen',
  },
  invitation: {
    subject: 'Einladung zu {deployment}',
    meaning: 'Sie sind eingeladen, ein Konto bei {deployment} anzulegen:',
    button: 'Konto anlegen',
    limit: 'Der Link gilt einmal und {wait} lang.',
    otherwise: 'Wenn Sie das nicht erwarten, tun Sie nichts.',
  },
  accountDeleted: {
    subject: 'Ihr Konto wurde gelöscht',
    meaning: 'Ihr Konto {account} bei {deployment} wurde gelöscht. Das war die letzte Nachricht dazu.',
    otherwise: 'Wenn Sie das nicht waren, sagen Sie es sofort den Betreibern von {deployment}.',
  },
}
