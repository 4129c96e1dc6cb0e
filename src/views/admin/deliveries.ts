import { type Html, html } from '../html.ts'
import { type Frame, pathUrl } from '../page.ts'
import { ADMIN_PATHS, type AdminFrameView, adminPage } from './frame.ts'
import { filters, type ListingView, listPager } from './listing.ts'
import { choice, instant, table } from './parts.ts'

/** What was, or is yet to be, sent: all of it but what it says. */
export interface DeliveryView {
  readonly id: string
  readonly channel: string
  readonly topic: string
  readonly state: 'waiting' | 'delivered' | 'failed'
  readonly clientId: string | null
  readonly createdAt: Date
  readonly nextAttemptAt: Date | null
  readonly deliveredAt: Date | null
  readonly attempts: number
  readonly lastError: string | null
}

export interface DeliveriesView extends AdminFrameView {
  readonly deliveries: readonly DeliveryView[]
  readonly listing: ListingView
}

const CHANNELS = [
  ['', 'Any'],
  ['mail', 'Mail'],
  ['logout', 'Logout token'],
] as const

const STATES = [
  ['', 'Any'],
  ['waiting', 'Waiting'],
  ['delivered', 'Delivered'],
  ['failed', 'Failed'],
] as const

/** Mails and logout tokens, newest first. */
export const deliveriesPage = (view: DeliveriesView, frame: Frame): Html =>
  adminPage(
    view,
    frame,
    { section: 'deliveries', title: 'Deliveries', command: 'postern delivery list --state failed' },
    html`<p>Mails to users, and logout tokens that tell clients of the end of a session. What they say is not kept once they are delivered, and shown nowhere.</p>
${filters(
  frame,
  ADMIN_PATHS.deliveries,
  html`${choice({ name: 'channel', label: 'Channel', value: view.listing.filter.channel, options: CHANNELS })}
${choice({ name: 'state', label: 'State', value: view.listing.filter.state, options: STATES })}`,
)}
${table(
  'deliveries',
  'Deliveries, newest first',
  [
    { name: 'Made', cell: ({ createdAt }: DeliveryView) => instant(createdAt) },
    { name: 'Channel', cell: ({ channel }) => channel },
    { name: 'About', cell: ({ topic }) => topic },
    {
      name: 'Client',
      cell: ({ clientId }) =>
        clientId === null
          ? '–'
          : html`<a href="${pathUrl(frame, `${ADMIN_PATHS.clients}/${encodeURIComponent(clientId)}`)}">${clientId}</a>`,
    },
    { name: 'State', cell: ({ state, lastError }) => (lastError ? `${state}: ${lastError}` : state) },
    { name: 'Attempts', isNumber: true, cell: ({ attempts }) => attempts },
    { name: 'Delivered', cell: ({ deliveredAt }) => instant(deliveredAt) },
    { name: 'Next attempt', cell: ({ nextAttemptAt }) => instant(nextAttemptAt) },
  ],
  view.deliveries,
  'Nothing is like that.',
)}
${listPager(frame, view.listing)}`,
  )
