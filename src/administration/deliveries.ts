import type { Delivery, DeliveryQuery, DeliveryState } from '../store/outbox.ts'
import { type AdministrationDeps, defineAction } from './action.ts'

/** Mails and logout tokens that were sent, failed or wait, newest first: all of them but what they say. */
export const listDeliveries = defineAction({
  permission: 'deliveries:read',
  run: (deps: AdministrationDeps, _actor, query: DeliveryQuery) => deps.store.outbox.listDeliveries(query),
})

/** How it stands with one. */
export const deliveryState = ({ deliveredAt, nextAttemptAt }: Delivery): DeliveryState =>
  deliveredAt ? 'delivered' : nextAttemptAt ? 'waiting' : 'failed'
