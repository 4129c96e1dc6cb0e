import type { ConfigFault } from './config-faults.ts'
import { type Setting, settings } from './setting.ts'
import { type Environment, environment } from './settings.ts'

const table = Object.entries(environment.shape).map(([variable, type]) => {
  const facts = settings.get(type)
  if (!facts) throw new Error(`setting without a description: ${variable}`)
  return { variable, ...facts }
})

/** Whether a variable is one of ours. */
export const isSetting = (variable: string): boolean => table.some((each) => each.variable === variable)

export type Variables = Readonly<Record<string, string | undefined>>
/** Reads a text file, and throws when it cannot. */
export type ReadFile = (path: string) => string

/**
 * Reads every setting from its variable or, for a secret, from the file that its `_FILE` twin names. An empty variable is
 * one that was left out. Rules between settings are config.ts's.
 * @returns all faults, and values in which whatever was at fault has its default
 */
export function readEnvironment(
  variables: Variables,
  readFile: ReadFile,
): { readonly values: Environment; readonly faults: readonly ConfigFault[] } {
  const faults: ConfigFault[] = []
  const given: Record<string, string> = {}
  for (const { variable, isSecret } of table) {
    const fromFile = isSecret && secretFrom(variables, variable, readFile, faults)
    const text = fromFile || variables[variable]?.trim()
    if (text) given[variable] = text
  }
  const parsed = environment.safeParse(given)
  if (parsed.success) return { values: parsed.data, faults }
  for (const { variable, isSecret, form, default: fallback } of table) {
    if (!parsed.error.issues.some(({ path }) => path[0] === variable)) continue
    const value = isSecret ? 'its value' : JSON.stringify(given[variable]).slice(0, 80)
    faults.push({
      variable,
      problem: `${value} is not ${form}`,
      fix: `correct it, or leave it out (default: ${fallback})`,
    })
    delete given[variable]
  }
  return { values: environment.parse(given), faults }
}

/** The text of the file that a secret's `_FILE` twin names, if it names one. */
function secretFrom(variables: Variables, variable: string, readFile: ReadFile, faults: ConfigFault[]) {
  const twin = `${variable}_FILE`
  const path = variables[twin]?.trim()
  if (!path) return undefined
  const refuse = (problem: string, fix: string) => void faults.push({ variable: twin, problem, fix })
  if (variables[variable]?.trim()) return refuse(`${variable} is set too`, 'keep one of the two')
  try {
    return readFile(path).trim() || refuse('the file is empty', 'write the secret into it')
  } catch {
    return refuse('the file cannot be read', 'name a file that the user of this process may read')
  }
}

const explained = ({ unit, form, isSecret }: Setting): string =>
  [form, unit, isSecret && 'secret'].filter(Boolean).join('; ')

const exampleOf = ({ variable, ...setting }: (typeof table)[number]): string => {
  const literal = /^[\w./]+$/.test(setting.default) && setting.default !== 'none' ? setting.default : ''
  return [
    `# ${setting.meaning}`,
    `# (${explained(setting)}; default: ${setting.default})`,
    `# ${variable}=${literal}`,
    ...(setting.isSecret ? [`# ${variable}_FILE=`] : []),
  ].join('\n')
}

/** Writes .env.example: every setting with its default, all commented out. */
export const environmentExample = (): string =>
  `${[
    '# Every setting of Postern. None is needed for a first start on your own machine.\n' +
      '# This file is printed from src/config/settings.ts: change it there.\n' +
      '# A secret may stand in a file instead: NAME_FILE holds the path.',
    ...table.map(exampleOf),
  ].join('\n\n')}\n`

/** Writes the README's table of settings, in Markdown. */
export const settingsTable = (): string =>
  [
    '| Variable | What it takes | Default | Meaning |',
    '| --- | --- | --- | --- |',
    ...table.map(
      ({ variable, ...setting }) =>
        `| \`${variable}\`${setting.isSecret ? ` (\`${variable}_FILE\`)` : ''} | ${explained(setting)} | ${setting.default} | ${setting.meaning} |`,
    ),
  ].join('\n')
