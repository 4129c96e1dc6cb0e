import { accountWords } from './de-account.ts'
import { mailWords } from './de-mail.ts'
import type { Catalogue } from './index.ts'

export const de: Catalogue = {
  lang: 'de',
  dir: 'ltr',
  frame: {
    skip: 'Zum Hauptteil springen',
    errorPrefix: 'Fehler:',
    faultTitle: 'Da stimmt etwas nicht',
    youAreAt: 'Sie sind bei {host}',
  },
  fields: {
    usernameOrEmail: 'E-Mail oder Benutzername',
    username: 'Benutzername',
    usernameHint: '{min} bis {max} Buchstaben, Ziffern oder Unterstriche. Sie können sich damit anmelden.',
    email: 'E-Mail',
    password: 'Passwort',
    showPassword: 'Passwort anzeigen',
    passwordRules: 'Regeln für Ihr Passwort:',
  },
  passwordRule: {
    length: '{min} bis {max} Zeichen',
    upper: 'ein Großbuchstabe',
    lower: 'ein Kleinbuchstabe',
    digit: 'eine Ziffer',
    special: 'ein Sonderzeichen, zum Beispiel ! oder %',
    common: 'auf keiner Liste bekannter Passwörter',
    personal: 'ohne Ihren Namen, Ihre E-Mail-Adresse und den Namen dieser Seite',
  },
  fault: {
    usernameOrEmailMissing: 'Geben Sie Ihre E-Mail-Adresse oder Ihren Benutzernamen ein.',
    passwordMissing: 'Geben Sie Ihr Passwort ein.',
    email: {
      missing: 'Geben Sie Ihre E-Mail-Adresse ein.',
      malformed: 'Geben Sie eine E-Mail-Adresse wie name@example.com ein.',
      taken: 'Mit dieser E-Mail-Adresse gibt es schon ein Konto.',
    },
    username: {
      missing: 'Wählen Sie einen Benutzernamen.',
      length: 'Wählen Sie einen Benutzernamen mit {min} bis {max} Zeichen.',
      characters: 'Verwenden Sie im Benutzernamen nur Buchstaben, Ziffern und Unterstriche.',
      reserved: 'Dieser Benutzername ist reserviert. Wählen Sie einen anderen.',
      taken: 'Dieser Benutzername ist vergeben. Wählen Sie einen anderen.',
    },
    password: {
      missing: 'Wählen Sie ein Passwort.',
      length: 'Ihr Passwort muss {min} bis {max} Zeichen lang sein.',
      upper: 'Ihrem Passwort fehlt ein Großbuchstabe.',
      lower: 'Ihrem Passwort fehlt ein Kleinbuchstabe.',
      digit: 'Ihrem Passwort fehlt eine Ziffer.',
      special: 'Ihrem Passwort fehlt ein Sonderzeichen, zum Beispiel ! oder %.',
      common: 'Dieses Passwort steht auf einer Liste bekannter Passwörter. Wählen Sie ein anderes.',
      personal: 'Lassen Sie Ihren Namen, Ihre E-Mail-Adresse und den Namen dieser Seite aus dem Passwort heraus.',
    },
    wait: 'Es waren zu viele Versuche. Warten Sie {wait} und versuchen Sie es dann noch einmal.',
  },
  signIn: {
    title: 'Anmelden',
    continueTo: 'um mit {client} fortzufahren',
    fresh: 'um noch einmal zu zeigen, dass Sie es sind',
    submit: 'Anmelden',
    forgot: 'Passwort vergessen?',
    newHere: 'Neu hier?',
    signUp: 'Konto anlegen',
    refused:
      'E-Mail-Adresse oder Benutzername und Passwort passen nicht zusammen. Prüfen Sie beides und versuchen Sie es noch einmal.',
  },
  signUp: {
    title: 'Konto anlegen',
    invited: 'Sie wurden als {email} eingeladen.',
    submit: 'Konto anlegen',
    haveAccount: 'Sie haben schon ein Konto?',
    signIn: 'Anmelden',
  },
  accountReady: {
    title: 'Ihr Konto ist bereit',
    meaning: 'Sie sind als {username} angemeldet. Sie können diese Seite schließen und zu Ihrer App gehen.',
  },
  consent: {
    title: '{client} erlauben?',
    intro: '{client} möchte:',
    signedInAs: 'Angemeldet als {account}',
    notYou: 'Das sind nicht Sie?',
    returnTo: 'In beiden Fällen kommen Sie zurück zu {host}.',
    returnToApp: 'In beiden Fällen kommen Sie zurück zu einer App auf diesem Gerät.',
    wholeAddress: 'Ganze Adresse anzeigen',
    allow: 'Erlauben',
    deny: 'Abbrechen',
    warning: 'Bevor Sie das erlauben',
    loopback:
      'Diese App gibt an, auf genau diesem Rechner zu laufen. Erlauben Sie sie nur, wenn Sie sie gerade selbst gestartet haben.',
    selfRegistered: 'Diese App hat sich hier selbst registriert. Niemand hat geprüft, wer dahintersteht.',
  },
  scope: {
    standard: {
      openid: 'Sie wiedererkennen, wenn Sie zurückkommen',
      profile: 'Ihr Profil sehen: Name, Bild, Sprache und Ähnliches',
      email: 'Ihre E-Mail-Adresse sehen',
      address: 'Ihre Postanschrift sehen',
      phone: 'Ihre Telefonnummer sehen',
      offline_access: 'Diesen Zugriff auch in Ihrer Abwesenheit behalten, selbst wenn Sie sich abgemeldet haben',
      'postern:admin': 'Diesen Server mit Ihren Berechtigungen verwalten',
    },
    atResource: '{scope} bei {resource} verwenden',
    describedAtResource: '{description}, bei {resource}',
    unnamed: '{scope} verwenden',
  },
  logOut: {
    title: 'Abmelden?',
    asked: '{client} möchte Sie hier abmelden.',
    account: 'Sie sind als {account} angemeldet.',
    meaning:
      'Damit endet die Sitzung dieser App und aller anderen Apps, die Sie in diesem Browser damit geöffnet haben.',
    meaningAlone: 'Damit endet Ihre Sitzung in diesem Browser, mit allen Apps, die Sie hier geöffnet haben.',
    submit: 'Von der Sitzung dieser App abmelden',
    submitAlone: 'Abmelden',
    otherwise: 'Wenn Sie das nicht wollten, schließen Sie die Seite. Dann ändert sich nichts.',
  },
  signedOut: {
    title: 'Sie sind abgemeldet',
    meaning: 'Ihre Sitzung in diesem Browser ist beendet.',
    meaningFor: 'Ihre Sitzung mit {client} in diesem Browser ist beendet.',
    shared: 'An einem gemeinsam genutzten Rechner schließen Sie am besten auch den Browser.',
    signIn: 'Wieder anmelden',
  },
  expired: {
    title: 'Diese Seite hat zu lange gewartet',
    meaning:
      'Zu Ihrer Sicherheit ist eine Anmeldung nur kurze Zeit offen. Es ist nichts passiert, Sie können neu beginnen.',
    meaningFor:
      'Zu Ihrer Sicherheit ist eine Anmeldung bei {client} nur kurze Zeit offen. Es ist nichts passiert, Sie können neu beginnen.',
    noRestart: 'Gehen Sie zurück zur App und melden Sie sich von dort aus an.',
    restart: 'Neu beginnen',
  },
  completed: {
    title: 'Diese Anmeldung ist schon erledigt',
    meaning: 'Sie haben sich hier schon angemeldet. Gehen Sie zurück zur App, um weiterzumachen.',
    meaningFor: 'Sie haben sich hier schon angemeldet. Gehen Sie zurück zu {client}, um weiterzumachen.',
    back: 'Zurück zu {client}',
  },
  firstAdministrator: {
    title: 'Das erste Administratorkonto anlegen',
    intro: 'Dieser Server ist neu. Wer diese Seite ausfüllt, kann alles auf ihm ändern.',
    submit: 'Administratorkonto anlegen',
    done: 'Das Administratorkonto ist angelegt',
    doneMeaning: 'Ab jetzt können Sie sich als {username} anmelden. Der Link hierher ist verbraucht.',
    signIn: 'Anmelden',
    expired: 'Dieser Link funktioniert nicht mehr',
    expiredMeaning: 'Er wurde benutzt oder war zu alt. Erzeugen Sie auf dem Server einen neuen:',
    expiredWarning: 'Wenn er benutzt wurde und Sie das nicht waren, sehen Sie jetzt auf dem Server nach.',
  },
  error: {
    code: 'Code',
    requestId: 'Anfrage',
    time: 'Zeit',
    app: 'App',
    quote: 'Wenn Sie um Hilfe bitten, nennen Sie diese Zeilen.',
    restart: 'Neu beginnen',
    remedyWait: 'Warten Sie {wait} und versuchen Sie es dann noch einmal.',
    page: {
      unknown_client: {
        title: 'Wir kennen diese App nicht',
        meaning: 'Die App, von der Sie kommen, ist bei uns nicht registriert.',
        remedy:
          'Gehen Sie zurück und versuchen Sie es noch einmal. Hilft das nicht, sagen Sie es den Betreibern der App.',
      },
      invalid_redirect_uri: {
        title: 'Wir haben zu Ihrer Sicherheit angehalten',
        meaning: 'Die App wollte Sie an eine Adresse schicken lassen, die für sie nicht registriert ist.',
        remedy: 'Schließen Sie diese Seite und sagen Sie es den Betreibern der App.',
      },
      invalid_request: {
        title: 'Wir können diese Anfrage nicht lesen',
        meaning: 'Die App hat Sie mit einer Anfrage geschickt, die unvollständig ist oder sich widerspricht.',
        remedy:
          'Gehen Sie zurück und versuchen Sie es noch einmal. Hilft das nicht, sagen Sie es den Betreibern der App.',
      },
      other_browser: {
        title: 'Diese Seite gehört zu einer anderen Anmeldung',
        meaning: 'Sie wurde in einem anderen Browser begonnen oder ist beendet.',
        remedy: 'Gehen Sie zurück zur App und melden Sie sich von dort aus an.',
      },
      forbidden: {
        title: 'Das dürfen Sie nicht öffnen',
        meaning: 'Die Regeln lassen Sie von hier aus mit diesem Konto nicht hinein.',
        remedy: 'Fragen Sie die Betreiber, welches Netz, Gerät oder welche Rolle dafür nötig ist.',
      },
      forgery: {
        title: 'Wir konnten nicht erkennen, dass Sie das waren',
        meaning:
          'Das Formular kam nicht von der Seite, die wir Ihnen geschickt haben, oder Ihr Browser hat Cookies zurückgehalten.',
        remedy:
          'Erlauben Sie Cookies für diese Seite, gehen Sie zurück, laden Sie neu und versuchen Sie es noch einmal.',
      },
      too_many_requests: {
        title: 'Zu viele Anfragen',
        meaning: 'Aus Ihrem Netz kamen mehr Anfragen, als wir auf einmal annehmen.',
        remedy: 'Warten Sie ein wenig und versuchen Sie es dann noch einmal.',
      },
      sign_up_closed: {
        title: 'Konten gibt es auf Einladung',
        meaning: 'Sie können hier nicht selbst ein Konto anlegen.',
        remedy: 'Bitten Sie die Betreiber dieser Seite um eine Einladung.',
      },
      link_used: {
        title: 'Dieser Link funktioniert nicht',
        meaning: 'Er ist unvollständig, zu alt oder verbraucht.',
        remedy: 'Bitten Sie um einen neuen.',
      },
      not_found: {
        title: 'Hier gibt es keine Seite',
        meaning: 'Vielleicht enthält die Adresse einen Fehler, oder die Seite ist umgezogen.',
        remedy: 'Prüfen Sie die Adresse oder gehen Sie zurück zu der App, von der Sie kommen.',
      },
      unavailable: {
        title: 'Wir sind gleich wieder da',
        meaning: 'Ein Teil dieses Dienstes ist gerade nicht erreichbar.',
        remedy: 'Warten Sie eine Minute und versuchen Sie es dann noch einmal.',
      },
      server_error: {
        title: 'Bei uns ist etwas kaputtgegangen',
        meaning: 'Der Fehler liegt bei uns und ist vermerkt.',
        remedy: 'Versuchen Sie es noch einmal. Hilft das nicht, sagen Sie es den Betreibern dieser Seite.',
      },
      expired: {
        title: 'Diese Seite hat zu lange gewartet',
        meaning: 'Zu Ihrer Sicherheit gilt jede Seite nur kurze Zeit.',
        remedy: 'Gehen Sie zurück zur App und melden Sie sich von dort aus an.',
      },
      already_done: {
        title: 'Das ist schon erledigt',
        meaning: 'Die Seite wurde schon benutzt, vielleicht durch einen zweiten Druck auf den Knopf.',
        remedy: 'Gehen Sie zurück zur App, um weiterzumachen.',
      },
      method_not_allowed: {
        title: 'Diese Adresse lässt sich so nicht öffnen',
        meaning: 'Sie ist für Apps da oder für eines unserer Formulare.',
        remedy: 'Gehen Sie zurück zu der App, von der Sie kommen.',
      },
      payload_too_large: {
        title: 'Das war zu viel auf einmal',
        meaning: 'Es kam mehr an, als diese Seite annimmt.',
        remedy: 'Gehen Sie zurück und kürzen Sie Ihre Eingaben.',
      },
      wrong_host: {
        title: 'Dieser Server hat eine andere Adresse',
        meaning: 'Ihr Browser hat ihn nicht unter der Adresse erreicht, für die er eingerichtet ist.',
        remedy: 'Gehen Sie zurück zur App und melden Sie sich von dort aus an.',
      },
    },
  },
  wrongHost: {
    title: 'Dieser Server hat eine andere Adresse',
    meaning: 'Er ist als {configured} eingerichtet, Ihr Browser hat ihn aber als {received} erreicht.',
    visitor: 'Wenn Sie sich nur anmelden möchten, nehmen Sie die eingerichtete Adresse:',
    operator: 'Wenn Sie diesen Server betreiben, bringen Sie diese Werte in Einklang:',
    value: 'Wert',
    configured: 'Eingerichtet',
    received: 'Empfangen',
    remedy:
      'Setzen Sie ISSUER auf die Adresse, die benutzt wird, oder lassen Sie den vorgeschalteten Proxy die Werte der Anfrage weitergeben und setzen Sie TRUST_PROXY.',
    nothing: 'nichts',
  },
  formPost: {
    title: 'Zurück zur App',
    meaning: 'Wenn nichts geschieht, drücken Sie den Knopf.',
    submit: 'Weiter',
  },
  ...accountWords,
  mail: mailWords,
}
