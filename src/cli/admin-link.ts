import { newAdministratorLink } from './administrator-link.ts'
import type { Command } from './command.ts'

export const adminLinkCommand: Command = {
  name: 'admin-link',
  summary: 'Make a one-time link that creates an administrator. It is a secret.',
  async run(context) {
    const { url, expiresInSeconds } = await newAdministratorLink(await context.deps())
    return { text: url, json: { url, expires_in: expiresInSeconds } }
  },
}
