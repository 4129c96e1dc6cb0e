/** The English words of mails. Each has a subject, and sentences in the order in which they stand. */
export const mailWords = {
  hello: 'Hello {name},',
  helloNobody: 'Hello,',
  notYou: 'If this was not you, change your password now and sign out everywhere:',
  account: 'Your account',
  when: 'When',
  device: 'Device',
  network: 'Network',
  footer: 'This message is from {deployment} at {host}. Do not answer it.',
  linkHint: 'If the button does not work, copy this address into your browser:',
  resetPassword: {
    subject: 'Choose a new password',
    meaning: 'Somebody asked for a new password for your account {account}. If it was you, choose it here:',
    button: 'Choose a new password',
    limit: 'The link works once, for {wait}. If your account has a second step, you will need it as before.',
    otherwise: 'If it was not you, do nothing: your password stays as it is.',
  },
  verifyEmail: {
    subject: 'Confirm your email address',
    meaning: 'Is {email} yours? Then confirm it for your account {account}:',
    button: 'Confirm',
    limit: 'The link works once, for {wait}.',
    otherwise: 'If you have no account with us, do nothing: then nothing happens with your address.',
  },
  emailChangeRequested: {
    subject: 'Your email address is about to change',
    meaning:
      'Somebody asked to change the email address of your account {account} to {email}. It changes when the link that we sent there is opened.',
    otherwise: 'If this was not you, change your password now, which stops the change:',
  },
  emailChanged: {
    subject: 'Your email address was changed',
    toOld: 'The email address of your account {account} is now {email}. We will not write to this address again.',
    toNew: 'The email address of your account {account} is now {email}.',
    otherwise: 'If this was not you, ask the people who run {deployment} for help at once.',
  },
  passwordChanged: {
    subject: 'Your password was changed',
    meaning: 'The password of your account {account} was changed. All other devices and apps were signed out.',
  },
  factorAdded: {
    subject: 'An authenticator was added',
    meaning: 'The authenticator {factor} was added to your account {account}.',
  },
  factorRemoved: {
    subject: 'An authenticator was removed',
    meaning: 'The authenticator {factor} was removed from your account {account}.',
  },
  codesRenewed: {
    subject: 'New recovery codes were made',
    meaning: 'New recovery codes were made for your account {account}. Older ones no longer work.',
  },
  codeUsed: {
    subject: 'A recovery code was used',
    meaning: 'A recovery code was used to sign in to your account {account}. Codes left: {count}.',
  },
  newDevice: {
    subject: 'New sign-in to your account',
    meaning: 'Your account {account} was used to sign in on a device that we had not seen before.',
    otherwise: 'If this was you, there is nothing to do.',
  },
  strangersShutOut: {
    subject: 'Many wrong passwords were tried on your account',
    meaning:
      'Somebody tried many wrong passwords on your account {account}. Sign-in from devices that you have not used before is closed for now.',
    remedy:
      'You can sign in as always on a device that you have used before, which opens it again. On a new device, set a new password first:',
    button: 'Set a new password',
  },
  invitation: {
    subject: 'You are invited to {deployment}',
    meaning: 'You are invited to make an account at {deployment}:',
    button: 'Create an account',
    limit: 'The link works once, for {wait}.',
    otherwise: 'If you do not expect this, do nothing.',
  },
  accountDeleted: {
    subject: 'Your account was deleted',
    meaning: 'Your account {account} at {deployment} was deleted. This was the last message about it.',
    otherwise: 'If this was not you, tell the people who run {deployment} at once.',
  },
} as const
