import type { FastifyRequest } from 'fastify'
import type { Administrator } from '../../administration/action.ts'
import { Refused } from '../../administration/refused.ts'
import { digestOf, hmac } from '../../base/digest.ts'
import type { Deps } from '../../deps.ts'
import type { Answer, Operation } from './operation.ts'

const RUNNING_SECONDS = 60
const KEY = /^[\x21-\x7e]{1,200}$/

/**
 * Makes a creation safe to send again: under one Idempotency-Key it is done once, and answered alike for a day. Without the
 * header it is done as often as it is asked. An answer may hold a secret: who lost a permission since is not told it again.
 * @throws Refused where the key is in use for another request, or the first is still being done
 */
export async function once(
  deps: Deps,
  actor: Administrator,
  operation: Operation,
  request: FastifyRequest,
  run: () => Promise<Answer>,
): Promise<Answer> {
  const chosen = request.headers['idempotency-key']
  if (chosen === undefined || !operation.isCreation) return await run()
  if (typeof chosen !== 'string' || !KEY.test(chosen)) {
    throw new Refused('invalid_request', 'Idempotency-Key must be 1 to 200 printable ASCII characters')
  }
  const key = digestOf(JSON.stringify([actor.userId, operation.id, chosen])).toString('hex', 0, 16)
  const asked = hmac(
    deps.derived.idempotency,
    JSON.stringify([request.params, request.body ?? null, actor.permissions, actor.roleScopes]),
  )
  const attempt = deps.random.bytes(16)
  const place = `idempotent_call/answer/${uuid(key)}`
  const known = await deps.store.idempotentCalls.begin(key, asked, attempt, RUNNING_SECONDS)
  if (known.state === 'another') throw new Refused('idempotency_conflict', 'choose a new key for a new request')
  if (known.state === 'running') throw new Refused('conflict', 'the same request is being done right now')
  if (known.state === 'done') return answerFrom(deps.sealer.open(known.answer, place))
  try {
    const answer = await run()
    await deps.store.idempotentCalls.end(key, attempt, deps.sealer.seal(Buffer.from(JSON.stringify(answer)), place))
    return answer
  } catch (error) {
    if (error instanceof Refused) await deps.store.idempotentCalls.forget(key, attempt)
    throw error
  }
}

/** Sealed under a master key that is gone by now, it can be told no more. */
function answerFrom(opened: Buffer | undefined): Answer {
  if (!opened) throw new Refused('conflict', 'this was done, and its answer can be told no more')
  return JSON.parse(opened.toString('utf8'))
}

const uuid = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
