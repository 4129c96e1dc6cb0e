import type { StoredCheckpoint, StoredSeal } from '../store/audit-chain.ts'
import type { Store } from '../store/index.ts'
import { type Checkpoint, readCheckpoint } from './audit-checkpoint.ts'
import { CHAIN_START, canonicalText, sealHash } from './seal-audit.ts'

/** What is wrong with the chain. */
export interface ChainFault {
  readonly kind: /** An event is not what was sealed. */
    | 'changed'
    /** An event, or a part of the chain, is gone. */
    | 'removed'
    /** A seal does not follow from the one before: changed, moved, put in, or its neighbour taken out. */
    | 'broken'
    /** An event, or a seal, came in by another way. */
    | 'added'
    /** The chain is not the one that was signed. */
    | 'rewritten'
    /** A checkpoint that this deployment has not signed. */
    | 'forged'
  readonly message: string
  readonly seq?: number
  readonly eventId?: string
}

export interface ChainReport {
  /** The first place that was looked at, and the last. */
  readonly from: number
  readonly through: number
  readonly checkpoints: number
  /** Events that wait for their seal. */
  readonly waiting: number
  /** At most a hundred. */
  readonly faults: readonly ChainFault[]
}

interface VerifyDeps {
  readonly store: Pick<Store, 'auditChain'>
  readonly key: Parameters<typeof readCheckpoint>[0]
  /** What is younger may not be missing. */
  readonly retentionDays: number
  readonly now: Date
  /** Where to begin to look for events without a seal; at the first one when absent. */
  readonly unsealedAfter?: string
}

const PAGE = 1000
const MOST_FAULTS = 100
const DAY_MS = 86_400_000
const FIRST_ID = '00000000-0000-0000-0000-000000000000'

/**
 * Reads the chain from a checkpoint, or all that is kept, and finds what was done to it other than by sealing and
 * retention. A chain that was rewritten whole is told by the checkpoints, best by one that was kept elsewhere. What was
 * removed before its seal (a second) is not found.
 */
export async function verifyChain(deps: VerifyDeps, since?: Checkpoint): Promise<ChainReport> {
  const chain = deps.store.auditChain
  const faults: ChainFault[] = []
  const newest = await chain.lastCheckpoint() // before the head: the head of an honest chain is never behind it
  const head = await chain.findHead()
  const [first] = await chain.listSeals(0, 1)
  const isKept = since !== undefined && since.seq >= (first?.seq ?? 1) - 1
  const start = isKept ? since : await anchor(deps, first, head?.seq ?? 0, faults)
  if (isKept) faults.push(...(await sinceFaults(deps, since)))

  let last: { readonly seq: number; readonly hash: Buffer | undefined } = start
  let checkpoints = 0
  const signed = checkpointsFrom(deps, start.seq)
  let next = await signed.next()
  for await (const seal of sealsAfter(deps, start.seq, head?.seq ?? 0)) {
    faults.push(...faultsOf(seal, last))
    while (!next.done && next.value.seq <= seal.seq) {
      checkpoints += 1
      faults.push(...faultsOfCheckpoint(deps, next.value, [last, seal]))
      next = await signed.next()
    }
    last = seal
    if (faults.length > MOST_FAULTS) break
  }
  if (faults.length <= MOST_FAULTS) {
    faults.push(...endFaults(last, head, newest), ...(await additions(deps, head?.seq ?? 0)))
  }
  return {
    from: start.seq + 1,
    through: last.seq,
    checkpoints,
    waiting: await chain.countWaiting(),
    faults: faults.slice(0, MOST_FAULTS),
  }
}

type Known = { readonly seq: number; readonly hash: Buffer | undefined }

/** Where the kept part begins: at the beginning, or behind a checkpoint that retention left. */
async function anchor(deps: VerifyDeps, first: StoredSeal | undefined, end: number, faults: ChainFault[]) {
  const before = (first?.seq ?? end + 1) - 1
  if (before <= 0) return CHAIN_START
  const [stored] = await deps.store.auditChain.listCheckpoints(before, 1)
  const checkpoint = stored?.seq === before ? readCheckpoint(deps.key, stored.statement) : undefined
  const gone = `seals 1 to ${before} are gone`
  if (checkpoint?.seq !== before) {
    faults.push({ kind: 'removed', seq: before, message: `${gone}, and no checkpoint ends them` })
    return { seq: before, hash: undefined }
  }
  if (deps.now.getTime() - checkpoint.at.getTime() < deps.retentionDays * DAY_MS) {
    faults.push({ kind: 'removed', seq: before, message: `${gone}, and they were too young for the retention` })
  }
  return checkpoint
}

/** Whether the chain passes through a place that somebody kept. That it ends before is told at its end. */
async function sinceFaults({ store }: VerifyDeps, { seq, hash }: Checkpoint): Promise<readonly ChainFault[]> {
  const [seal] = await store.auditChain.listSeals(seq - 1, 1)
  if (seal?.seq !== seq || seal.hash.equals(hash)) return []
  return [{ kind: 'rewritten', seq, message: `the chain up to seal ${seq} is not the one of the given checkpoint` }]
}

function* faultsOf({ seq, hash, text, eventId, event }: StoredSeal, last: Known): Generator<ChainFault> {
  const at = { seq, eventId }
  if (seq !== last.seq + 1) {
    yield { kind: 'removed', seq: last.seq + 1, message: `seals ${last.seq + 1} to ${seq - 1} are gone` }
  } else if (last.hash && !sealHash(last.hash, text).equals(hash)) {
    yield { kind: 'broken', ...at, message: `seal ${seq} does not follow from the one before: it was changed or moved` }
  }
  if (event === null) yield { kind: 'removed', ...at, message: `event ${eventId} is gone; seal ${seq} has its text` }
  else if (canonicalText(event) !== text) {
    yield { kind: 'changed', ...at, message: `event ${eventId} is not what seal ${seq} has` }
  }
}

function* faultsOfCheckpoint(
  { key }: VerifyDeps,
  { seq, statement }: StoredCheckpoint,
  places: readonly Known[],
): Generator<ChainFault> {
  const checkpoint = readCheckpoint(key, statement)
  const hash = places.find((place) => place.seq === seq)?.hash
  if (checkpoint?.seq !== seq) {
    yield { kind: 'forged', seq, message: `the checkpoint of seal ${seq} was not signed by this deployment` }
  } else if (hash && !hash.equals(checkpoint.hash)) {
    yield { kind: 'rewritten', seq, message: `the chain up to seal ${seq} is not the one that was signed` }
  }
}

function* endFaults(last: Known, head: Known | undefined, newest: StoredCheckpoint | undefined): Generator<ChainFault> {
  const end = head?.seq ?? 0
  if (last.seq < end) yield { kind: 'removed', seq: last.seq + 1, message: `seals ${last.seq + 1} to ${end} are gone` }
  else if (head?.hash && last.hash && (last.seq > end || !head.hash.equals(last.hash))) {
    yield {
      kind: 'rewritten',
      seq: last.seq,
      message: `the chain should go on from seal ${last.seq}, and its head is another`,
    }
  }
  if (!head) yield { kind: 'removed', message: 'the head of the chain is gone' }
  if (newest && newest.seq > end) {
    yield {
      kind: 'removed',
      seq: end + 1,
      message: `seals ${end + 1} to ${newest.seq} are gone: a checkpoint knows them`,
    }
  }
}

/** What stands in the tables and came neither by sealing nor to wait for it. */
async function additions(
  { store: { auditChain }, unsealedAfter }: VerifyDeps,
  end: number,
): Promise<readonly ChainFault[]> {
  const [beyond] = await auditChain.listSeals(end, 1)
  const head = await auditChain.findHead() // sealing may have gone on meanwhile
  const isAhead = beyond !== undefined && beyond.seq > (head?.seq ?? 0)
  return [
    ...(isAhead
      ? [
          {
            kind: 'added',
            seq: beyond.seq,
            eventId: beyond.eventId,
            message: `seal ${beyond.seq} stands beyond the end`,
          } as const,
        ]
      : []),
    ...(await unsealed(auditChain, unsealedAfter ?? FIRST_ID)).map(
      (eventId) => ({ kind: 'added', eventId, message: `event ${eventId} has no seal, and waits for none` }) as const,
    ),
  ]
}

async function unsealed(chain: VerifyDeps['store']['auditChain'], first: string): Promise<readonly string[]> {
  const found: string[] = []
  for (let after: string | undefined = first; after !== undefined && found.length < MOST_FAULTS; ) {
    const page = await chain.listUnsealed(after, PAGE)
    found.push(...page.ids)
    after = page.last
  }
  return found
}

async function* sealsAfter({ store }: VerifyDeps, start: number, end: number): AsyncGenerator<StoredSeal> {
  for (let after = start; after < end; ) {
    const page = await store.auditChain.listSeals(after, PAGE)
    yield* page.filter(({ seq }) => seq <= end)
    after = page.at(-1)?.seq ?? end
  }
}

async function* checkpointsFrom({ store }: VerifyDeps, start: number): AsyncGenerator<StoredCheckpoint, undefined> {
  for (let from = start; ; ) {
    const page = await store.auditChain.listCheckpoints(from, PAGE)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return undefined
    from = last.seq + 1
  }
}
