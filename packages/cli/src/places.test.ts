import { expect, it } from 'vitest'
import { hostsOf, mongoPlace, secretsOf } from './places.js'

const place = (url: string) => mongoPlace(url, 'instances', undefined)

it.each([
  ['mongodb://localhost/app', []],
  ['mongodb://user@localhost/app', []],
  ['mongodb://user:p%40ss@a:1,b:2/app?replicaSet=rs0', ['p%40ss', 'p@ss']],
  ['mongodb+srv://user:secret@host.example.org', ['secret', 'secret']],
  ['mongodb://h/?tlsCertificateKeyFilePassword=hush&x=1', ['hush', 'hush']],
  ['mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:deep,OTHER:x', ['AWS_SESSION_TOKEN', 'AWS_SESSION_TOKEN', 'deep', 'deep', 'OTHER', 'OTHER', 'x', 'x']],
])('%s: its secrets', (url, secrets) => {
  expect(secretsOf(place(url))).toEqual(secrets)
})

it.each([
  ['mongodb://user:p%40ss@a:1,b:2/app?replicaSet=rs0', 'a:1,b:2'],
  ['mongodb+srv://user:secret@host.example.org?x=@y', 'host.example.org'],
  ['mongodb://localhost', 'localhost'],
])('%s: its hosts alone are shown', (url, hosts) => {
  expect(hostsOf(place(url))).toBe(hosts)
})
