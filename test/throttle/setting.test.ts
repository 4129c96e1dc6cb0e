import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/config.ts'
import { ConfigFaults } from '../../src/config/config-faults.ts'

const noFile = () => {
  throw new Error('no file is read in tests')
}
const read = (url: string, more = {}) => loadConfig({ RATE_LIMIT_REDIS_URL: url, ...more }, noFile).rateLimitRedisUrl
const faults = (url: string): readonly string[] => {
  try {
    read(url)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigFaults)
    return error.faults.map(({ variable, problem }) => `${variable}: ${problem}`)
  }
}

test('a Redis on this machine, or anywhere by TLS, may keep the limits; its URL is a secret', () => {
  for (const url of [
    'redis://127.0.0.1',
    'redis://localhost:6380/2',
    'redis://[::1]:6379',
    'rediss://user:p%40ss@redis.example:6379/0',
  ])
    assert.equal(read(url)?.reveal(), url)
  assert.equal(String(read('redis://:pw@127.0.0.1')), '[secret]')
  assert.ok(read('redis://redis.example', { DANGEROUSLY_PLAINTEXT_DATABASE: 'true' }))
  assert.equal(loadConfig({}, noFile).rateLimitRedisUrl, undefined)
})

test('a Redis elsewhere without TLS, and a URL that says more than where it is, are refused at start', () => {
  assert.match(faults('redis://redis.example')[0] ?? '', /^RATE_LIMIT_REDIS_URL: Redis is on another machine/)
  for (const url of [
    'http://127.0.0.1',
    'redis://',
    'redis://127.0.0.1/x',
    'redis://127.0.0.1?enableOfflineQueue=true',
    'redis://127.0.0.1#x',
    'redis://%zz@127.0.0.1',
  ]) {
    const [fault = ''] = faults(url)
    assert.match(fault, /^RATE_LIMIT_REDIS_URL: its value is not /)
    if (url !== 'redis://') assert.equal(fault.includes(url), false)
  }
})
