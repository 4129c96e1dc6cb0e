// Values that fit a JSON Schema, and values that nearly do: what the fuzzer of the admin API sends.
import fc from 'fast-check'

/** The part of JSON Schema that the document uses. */
export interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly propertyNames?: Schema
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
  readonly format?: string
}

/** What breaks programs that trust what they are sent. */
export const NASTY = [
  "' or 1=1 --",
  '\'; drop table "user"; --',
  '%',
  '_%',
  '\\',
  '${7*7}',
  '{"$ne": null}',
  "a'||pg_sleep(5)--",
  '../../etc/passwd',
  '=HYPERLINK("https://evil.example")',
  '<script>alert(1)</script>',
  '\u202Egnirts',
  '\u0000',
  '\ud800',
  'K',
  '__proto__',
  'constructor',
  '1e999',
  '-0',
  '9'.repeat(400),
]

const FORMATS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  uuid: fc.uuid(),
  'date-time': fc
    .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  email: fc.emailAddress(),
  uri: fc.webUrl(),
}

/** Values that fit a schema. */
export function fitting(schema: Schema): fc.Arbitrary<unknown> {
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return fc.oneof(...choices.map(fitting))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'object':
      return fittingObject(schema)
    case 'array':
      return fc.array(fitting(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 4, 4),
      })
    case 'string':
      return text(schema)
    case 'integer':
      return fc.integer({ min: Math.max(schema.minimum ?? 0, -1e9), max: Math.min(schema.maximum ?? 1e6, 1e9) })
    case 'number':
      return fc.double({ min: schema.minimum ?? 0, max: schema.maximum ?? 1e6, noNaN: true })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return fc.jsonValue({ maxDepth: 1 })
  }
}

function fittingObject({
  properties = {},
  required = [],
  additionalProperties,
  propertyNames,
}: Schema): fc.Arbitrary<unknown> {
  const fixed = fc.record(Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, fitting(part)])), {
    requiredKeys: required.filter((name) => name in properties),
  })
  if (typeof additionalProperties !== 'object') return fixed
  const names = propertyNames ? text(propertyNames) : fc.string({ minLength: 1, maxLength: 20 })
  const more = fc.dictionary(names, fitting(additionalProperties), { maxKeys: 3 })
  return fc.tuple(fixed, more).map(([one, other]) => ({ ...other, ...one }))
}

function text({ pattern, format, minLength = 0, maxLength = 40 }: Schema): fc.Arbitrary<string> {
  const plain = fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, 40)), unit: 'grapheme' })
  if (format !== undefined && FORMATS[format]) return FORMATS[format]
  if (pattern === undefined || /\\p\{/.test(pattern)) return plain
  return fc.oneof(fc.stringMatching(new RegExp(pattern)), plain)
}

/** Values that fit but for one thing: a field that is unknown, missing, or of another kind. */
export const nearlyFitting = (schema: Schema): fc.Arbitrary<unknown> =>
  fc.tuple(fitting(schema), fc.string({ minLength: 1 }), hostile).map(([value, name, what]) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return what
    const names = [...Object.keys(schema.properties ?? {}), name, 'id', 'is_admin', 'password_hash', '__proto__']
    return JSON.parse(JSON.stringify({ ...value, [names[name.length % names.length] ?? name]: what }))
  })

/** Whatever: nasty texts, and any JSON. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(fc.constantFrom(...NASTY), fc.jsonValue({ maxDepth: 3 }))
