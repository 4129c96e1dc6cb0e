import { accountWords } from './en-account.ts'
import { mailWords } from './en-mail.ts'
import type { Catalogue } from './index.ts'

/**
 * The English words, and with them the shape of every catalogue: a language that lacks one does not compile. What stands
 * in braces is filled in by `fill`; each language must use the same names.
 */
export const words = {
  frame: {
    skip: 'Skip to the main part',
    errorPrefix: 'Error:',
    faultTitle: 'There is a problem',
    youAreAt: 'You are at {host}',
  },
  fields: {
    usernameOrEmail: 'Email or username',
    username: 'Username',
    usernameHint: '{min} to {max} letters, digits or underscores. You can sign in with it.',
    email: 'Email',
    password: 'Password',
    showPassword: 'Show password',
    passwordRules: 'Rules for your password:',
  },
  passwordRule: {
    length: '{min} to {max} characters',
    upper: 'a capital letter',
    lower: 'a lower-case letter',
    digit: 'a digit',
    special: 'a special character, such as ! or %',
    common: 'not on a list of known passwords',
    personal: 'without your name, your email and the name of this site',
  },
  fault: {
    usernameOrEmailMissing: 'Enter your email or username.',
    passwordMissing: 'Enter your password.',
    email: {
      missing: 'Enter your email address.',
      malformed: 'Enter an email address like name@example.com.',
      taken: 'There is already an account with this email address.',
    },
    username: {
      missing: 'Choose a username.',
      length: 'Choose a username of {min} to {max} characters.',
      characters: 'Use only letters, digits and underscores in your username.',
      reserved: 'This username is reserved. Choose another.',
      taken: 'This username is taken. Choose another.',
    },
    password: {
      missing: 'Choose a password.',
      length: 'Make your password {min} to {max} characters long.',
      upper: 'Add a capital letter to your password.',
      lower: 'Add a lower-case letter to your password.',
      digit: 'Add a digit to your password.',
      special: 'Add a special character, such as ! or %, to your password.',
      common: 'This password is on a list of known passwords. Choose another.',
      personal: 'Leave your name, your email and the name of this site out of your password.',
    },
    wait: 'There were too many attempts. Wait {wait}, then try again.',
  },
  signIn: {
    title: 'Sign in',
    continueTo: 'to continue to {client}',
    fresh: 'to show once more that it is you',
    submit: 'Sign in',
    forgot: 'Forgot your password?',
    newHere: 'New here?',
    signUp: 'Create an account',
    refused: 'That email or username and that password do not match. Check both and try again.',
  },
  signUp: {
    title: 'Create your account',
    invited: 'You were invited as {email}.',
    submit: 'Create account',
    haveAccount: 'Have an account?',
    signIn: 'Sign in',
  },
  accountReady: {
    title: 'Your account is ready',
    meaning: 'You are signed in as {username}. You can close this page and go to your app.',
  },
  consent: {
    title: 'Allow {client}?',
    intro: '{client} would like to:',
    signedInAs: 'Signed in as {account}',
    notYou: 'Not you?',
    returnTo: 'Either way you go back to {host}.',
    returnToApp: 'Either way you go back to an app on this device.',
    wholeAddress: 'Show the whole address',
    allow: 'Allow',
    deny: 'Cancel',
    warning: 'Before you allow this',
    loopback: 'This app says that it runs on this very computer. Allow it only if you have just started it yourself.',
    selfRegistered: 'This app signed itself up here. Nobody has checked who is behind it.',
  },
  scope: {
    standard: {
      openid: 'Recognise you when you come back',
      profile: 'See your profile: your name, picture, language and similar details',
      email: 'See your email address',
      address: 'See your postal address',
      phone: 'See your phone number',
      offline_access: 'Keep this access while you are away, even after you sign out',
      'postern:admin': 'Administer this server with your permissions',
    },
    atResource: 'Use {scope} at {resource}',
    describedAtResource: '{description}, at {resource}',
    unnamed: 'Use {scope}',
  },
  logOut: {
    title: 'Sign out?',
    asked: '{client} asks to sign you out here.',
    account: 'You are signed in as {account}.',
    meaning: 'This ends the session of this app, and of every other app that you opened with it in this browser.',
    meaningAlone: 'This ends your session in this browser, with every app that you opened here.',
    submit: 'Sign out of this app’s session',
    submitAlone: 'Sign out',
    otherwise: 'If you did not ask for this, close the page. Nothing will change.',
  },
  signedOut: {
    title: 'You are signed out',
    meaning: 'Your session in this browser has ended.',
    meaningFor: 'Your session with {client} in this browser has ended.',
    shared: 'On a shared computer, close the browser too.',
    signIn: 'Sign in again',
  },
  expired: {
    title: 'This page waited too long',
    meaning: 'To keep you safe, a sign-in is only open for a short while. Nothing went wrong, and you can start again.',
    meaningFor:
      'To keep you safe, a sign-in to {client} is only open for a short while. Nothing went wrong, and you can start again.',
    noRestart: 'Go back to the app and sign in from there.',
    restart: 'Start again',
  },
  completed: {
    title: 'This sign-in is already done',
    meaning: 'You have already signed in here. Go back to the app to go on.',
    meaningFor: 'You have already signed in here. Go back to {client} to go on.',
    back: 'Back to {client}',
  },
  firstAdministrator: {
    title: 'Create the first administrator',
    intro: 'This server is new. Whoever fills in this page can change everything on it.',
    submit: 'Create administrator',
    done: 'The administrator is ready',
    doneMeaning: 'You can sign in as {username} from now on. The link that brought you here is used up.',
    signIn: 'Sign in',
    expired: 'This link no longer works',
    expiredMeaning: 'It has been used, or it was too old. Make a new one on the server:',
    expiredWarning: 'If it was used and that was not you, look at the server now.',
  },
  error: {
    code: 'Code',
    requestId: 'Request',
    time: 'Time',
    app: 'App',
    quote: 'If you ask for help, quote these lines.',
    restart: 'Start again',
    remedyWait: 'Wait {wait}, then try again.',
    page: {
      unknown_client: {
        title: 'We do not know this app',
        meaning: 'The app that sent you here is not registered with us.',
        remedy: 'Go back and try again. If it happens again, tell the people who run the app.',
      },
      invalid_redirect_uri: {
        title: 'We stopped here to keep you safe',
        meaning: 'The app asked us to send you to an address that is not registered for it.',
        remedy: 'Close this page, and tell the people who run the app.',
      },
      invalid_request: {
        title: 'We cannot read this request',
        meaning: 'The app sent you here with a request that is incomplete or contradicts itself.',
        remedy: 'Go back and try again. If it happens again, tell the people who run the app.',
      },
      other_browser: {
        title: 'This page belongs to another sign-in',
        meaning: 'It was started in another browser, or it has ended.',
        remedy: 'Go back to the app and sign in from there.',
      },
      forbidden: {
        title: 'You may not open this',
        meaning: 'The rules of this place do not let you in from here, with this account.',
        remedy: 'Ask the people who run it which network, device or role it takes.',
      },
      forgery: {
        title: 'We could not tell that this was you',
        meaning: 'The form did not come from the page that we sent you, or your browser kept its cookies back.',
        remedy: 'Allow cookies for this site, go back, reload the page and try again.',
      },
      too_many_requests: {
        title: 'Too many requests',
        meaning: 'More requests came from your network than we can take at once.',
        remedy: 'Wait a little, then try again.',
      },
      sign_up_closed: {
        title: 'Accounts are by invitation',
        meaning: 'You cannot create an account here by yourself.',
        remedy: 'Ask the people who run this site to invite you.',
      },
      link_used: {
        title: 'This link does not work',
        meaning: 'It is incomplete, too old or used up.',
        remedy: 'Ask for a new one.',
      },
      not_found: {
        title: 'There is no page here',
        meaning: 'The address may be mistyped, or the page has moved.',
        remedy: 'Check the address, or go back to the app that you came from.',
      },
      unavailable: {
        title: 'We will be back in a moment',
        meaning: 'A part of this service cannot be reached right now.',
        remedy: 'Wait a minute, then try again.',
      },
      server_error: {
        title: 'Something broke on our side',
        meaning: 'It is our fault, and it has been noted.',
        remedy: 'Try again. If it happens again, tell the people who run this site.',
      },
      expired: {
        title: 'This page waited too long',
        meaning: 'To keep you safe, each page is only good for a short while.',
        remedy: 'Go back to the app and sign in from there.',
      },
      already_done: {
        title: 'This is already done',
        meaning: 'The page was used before, perhaps by a second press of the button.',
        remedy: 'Go back to the app to go on.',
      },
      method_not_allowed: {
        title: 'This address cannot be opened like this',
        meaning: 'It is there for apps, or for a form of ours.',
        remedy: 'Go back to the app that you came from.',
      },
      payload_too_large: {
        title: 'That was too much at once',
        meaning: 'More was sent than this page takes.',
        remedy: 'Go back and shorten what you entered.',
      },
      wrong_host: {
        title: 'This server has another address',
        meaning: 'Your browser did not reach it under the address that it is configured with.',
        remedy: 'Go back to the app and sign in from there.',
      },
    },
  },
  wrongHost: {
    title: 'This server has another address',
    meaning: 'It is configured as {configured}, but your browser reached it as {received}.',
    visitor: 'If you only want to sign in, use the configured address:',
    operator: 'If you run this server, make these agree:',
    value: 'Value',
    configured: 'Configured',
    received: 'Received',
    remedy:
      'Set ISSUER to the address that people use, or let the proxy in front pass on the values of the request and set TRUST_PROXY.',
    nothing: 'nothing',
  },
  formPost: {
    title: 'Going back to the app',
    meaning: 'If nothing happens, press the button.',
    submit: 'Continue',
  },
  ...accountWords,
  mail: mailWords,
} as const

export const en: Catalogue = { lang: 'en', dir: 'ltr', ...words }
