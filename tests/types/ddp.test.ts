import type { Server } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { connect, type ClientStatus, type Collection, type ConnectionError, type DDPClient, type DDPError, type Document, type DocumentId, type LoginResult, type ObjectId, type Subscription } from '@ddp-cluster/ddp-client'
import { EJSON, parseClientMessage, parseServerMessage, stringifyMessage, type ClientMessage, type DataMessage, type ServerMessage } from '@ddp-cluster/ddp-common'
import { createDDPServer, resumeLogin, type Connection, type ConnectionEnd, type DDPServer, type DDPServerOptions, type LoginHandler, type MethodInvocation, type Publication } from '@ddp-cluster/ddp-server'
import type { Collection as MongoCollection, Document as MongoDocument } from 'mongodb'
import { describe, expectTypeOf, it } from 'vitest'

/** What the types of the three packages promise. `tsc` is the judge: a promise that is broken does not compile. */

describe('ddp-common', () => {
  it('takes any value, and makes no promise about a text', () => {
    expectTypeOf(EJSON.parse).toEqualTypeOf<(text: string) => unknown>()
    expectTypeOf(EJSON.clone({ at: new Date() })).toEqualTypeOf<{ at: Date }>()
    expectTypeOf(EJSON.isBinary).guards.toEqualTypeOf<Uint8Array>()
    // @ts-expect-error the options are few
    EJSON.stringify({}, { canonic: true })
  })

  it('knows its messages by msg', () => {
    expectTypeOf(parseClientMessage).returns.toEqualTypeOf<ClientMessage>()
    expectTypeOf(parseServerMessage).returns.toEqualTypeOf<ServerMessage | undefined>()
    expectTypeOf<Extract<ServerMessage, { msg: 'ready' }>['subs']>().toEqualTypeOf<string[]>()
    expectTypeOf<DataMessage['msg']>().toEqualTypeOf<'added' | 'changed' | 'removed' | 'addedBefore' | 'movedBefore'>()
    // @ts-expect-error a method has a name
    expectTypeOf(stringifyMessage).toBeCallableWith({ msg: 'method', id: '1' })
  })
})

describe('ddp-client', () => {
  it('answers with what nobody has checked yet', () => {
    expectTypeOf(connect).returns.toEqualTypeOf<DDPClient>()
    expectTypeOf<DDPClient['call']>().toEqualTypeOf<(name: string, ...params: unknown[]) => Promise<unknown>>()
    expectTypeOf<DDPClient['subscribe']>().returns.toEqualTypeOf<Subscription>()
    expectTypeOf<DDPClient['login']>().returns.resolves.toEqualTypeOf<LoginResult>()
    expectTypeOf<DDPClient>().toExtend<AsyncDisposable>()
  })

  it('has one status at a time, each with what belongs to it', () => {
    expectTypeOf<ClientStatus['status']>().toEqualTypeOf<'connecting' | 'connected' | 'waiting' | 'failed' | 'offline'>()
    expectTypeOf<Extract<ClientStatus, { status: 'waiting' }>['retryTime']>().toEqualTypeOf<number>()
    expectTypeOf<Extract<ClientStatus, { connected: true }>['status']>().toEqualTypeOf<'connected'>()
    expectTypeOf<Extract<ClientStatus, { status: 'connected' }>>().not.toHaveProperty('retryTime')
  })

  it('hands out documents to read', () => {
    expectTypeOf<Collection>().toExtend<Iterable<Document>>()
    expectTypeOf<Document['_id']>().toEqualTypeOf<DocumentId>()
    expectTypeOf<DocumentId>().toEqualTypeOf<string | number | boolean | null | ObjectId>()
    expectTypeOf<Document['anything']>().toEqualTypeOf<unknown>()
    expectTypeOf<{ readonly _id: string; readonly a: number }>().toExtend<Document>()
  })

  it('names the reasons of its errors', () => {
    expectTypeOf<ConnectionError['code']>().toEqualTypeOf<'closed' | 'timeout' | 'bad-answer' | 'refused' | 'too-many'>()
    expectTypeOf<DDPError['error']>().toEqualTypeOf<string | number>()
  })
})

describe('ddp-server', () => {
  it('stands on node:http and node:https', () => {
    expectTypeOf<Server | HttpsServer>().toExtend<DDPServerOptions['server']>()
    expectTypeOf(createDDPServer).returns.toEqualTypeOf<DDPServer>()
    expectTypeOf<DDPServer>().toExtend<AsyncDisposable>()
    // @ts-expect-error a server there must be
    expectTypeOf(createDDPServer).toBeCallableWith({ path: '/chat' })
  })

  it('gives methods and publications their this', () => {
    expectTypeOf<Parameters<DDPServer['method']>[1]>().thisParameter.toEqualTypeOf<MethodInvocation>()
    expectTypeOf<Parameters<DDPServer['publish']>[1]>().thisParameter.toEqualTypeOf<Publication>()
    expectTypeOf<MethodInvocation['userId']>().toEqualTypeOf<string | null>()
    expectTypeOf<MethodInvocation['setUserId']>().returns.toEqualTypeOf<Promise<void>>()
    expectTypeOf<Parameters<DDPServer['publish']>[0]>().toEqualTypeOf<string | null>()
    expectTypeOf<Parameters<DDPServer['setPublicationStrategy']>[1]>().toEqualTypeOf<'SERVER_MERGE' | 'NO_MERGE' | 'NO_MERGE_MULTI' | 'NO_MERGE_NO_HISTORY'>()
  })

  it('tells how a connection ended', () => {
    expectTypeOf<Parameters<Parameters<Connection['onClose']>[0]>>().toEqualTypeOf<[end: ConnectionEnd]>()
    expectTypeOf<ConnectionEnd['code']>().toEqualTypeOf<number | undefined>()
  })

  it('checks tokens in a collection of the official driver', () => {
    expectTypeOf<MongoCollection<MongoDocument>>().toExtend<Parameters<typeof resumeLogin>[0]>()
    expectTypeOf(resumeLogin).returns.toEqualTypeOf<LoginHandler>()
  })
})
