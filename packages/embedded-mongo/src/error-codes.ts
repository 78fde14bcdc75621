/** The codes of MongoDB's errors by name. A code without a name of its own is called `Location<code>`. */
const codes = {
  OK: 0, InternalError: 1, BadValue: 2, NoSuchKey: 4, GraphContainsCycle: 5, HostUnreachable: 6, HostNotFound: 7, UnknownError: 8,
  FailedToParse: 9, CannotMutateObject: 10, UserNotFound: 11, UnsupportedFormat: 12, Unauthorized: 13, TypeMismatch: 14, Overflow: 15,
  InvalidLength: 16, ProtocolError: 17, AuthenticationFailed: 18, CannotReuseObject: 19, IllegalOperation: 20, EmptyArrayOperation: 21,
  InvalidBSON: 22, AlreadyInitialized: 23, LockTimeout: 24, RemoteValidationError: 25, NamespaceNotFound: 26, IndexNotFound: 27,
  PathNotViable: 28, NonExistentPath: 29, InvalidPath: 30, RoleNotFound: 31, RolesNotRelated: 32, PrivilegeNotFound: 33,
  CannotBackfillArray: 34, ConflictingUpdateOperators: 40, DatabaseDifferCase: 35, CursorInUse: 12051, LockBusy: 46, NamespaceExists: 48, DollarPrefixedFieldName: 52,
  InvalidIdField: 53, NotSingleValueField: 54, InvalidDBRef: 55, EmptyFieldName: 56, DottedFieldName: 57, CommandNotFound: 59,
  ImmutableField: 66, CannotCreateIndex: 67, IndexAlreadyExists: 68, AuthSchemaIncompatible: 69, InvalidOptions: 72, InvalidNamespace: 73,
  WriteConcernFailed: 64, MultipleErrorsOccurred: 65, NoReplicationEnabled: 76, NotYetInitialized: 94, OperationFailed: 96,
  UnknownReplWriteConcern: 79, IndexOptionsConflict: 85, IndexKeySpecsConflict: 86, UnsatisfiableWriteConcern: 100, CursorNotFound: 43,
  NetworkTimeout: 89, ShutdownInProgress: 91, PrimarySteppedDown: 189, NetworkInterfaceExceededTimeLimit: 202, ElectionInProgress: 216,
  ExceededTimeLimit: 262, InterruptedAtShutdown: 11600, Interrupted: 11601, InterruptedDueToReplStateChange: 11602,
  MaxTimeMSExpired: 50, CollectionUUIDMismatch: 361, CommandNotSupported: 115, NotSecondary: 95, StaleEpoch: 150,
  ConflictingOperationInProgress: 117, NamespaceNotSharded: 118, WriteConflict: 112, DocumentValidationFailure: 121,
  NotAReplicaSet: 123, CappedPositionLost: 136, ViewDepthLimitExceeded: 165, CommandNotSupportedOnView: 166, OptionNotSupportedOnView: 167,
  InvalidPipelineOperator: 168, CommandOnShardedViewNotSupportedOnMongos: 169, QueryPlanKilled: 175, QueryFeatureNotAllowed: 224,
  TransactionTooOld: 225, AtomicityFailure: 226, ConversionFailure: 241, NoSuchTransaction: 251, TransactionCommitted: 256,
  TransactionTooLarge: 257, OperationNotSupportedInTransaction: 263, FailPointSetFailed: 266, IncompleteTransactionHistory: 217,
  ChangeStreamFatalError: 280, ChangeStreamHistoryLost: 286, NotWritablePrimary: 10107, NotPrimaryNoSecondaryOk: 13435,
  NotPrimaryOrSecondary: 13436, DuplicateKey: 11000, BSONObjectTooLarge: 10334, OutOfDiskSpace: 14031, ClientMarkedKilled: 46841,
  MergeStageNoMatchingDocument: 13113, CannotGrowDocumentInCappedNamespace: 10003, Location40571: 40571, ReadConcernMajorityNotEnabled: 148, NoSuchSession: 206, InvalidUUID: 207, TooManyLogicalSessions: 261,
  UnknownFeatureCompatibilityVersion: 258, JSInterpreterFailure: 139, InvalidViewDefinition: 182, ReadConcernUnavailableYet: 134,
  InvalidIndexSpecificationOption: 197, ExceededMemoryLimit: 146, CollectionIsEmpty: 26001, CannotIndexParallelArrays: 171, UnsatisfiableCommitQuorum: 328, NoQueryExecutionPlans: 291, AmbiguousIndexKeyPattern: 181, SnapshotUnavailable: 246, APIVersionError: 322,
} as const

export type ErrorName = keyof typeof codes

const names = new Map<number, string>(Object.entries(codes).map(([name, code]) => [code, name]))
// Names in MongoDB 4.4, the announced version, of errors that were renamed later.
names.set(10107, 'NotMaster').set(13435, 'NotMasterNoSlaveOk').set(13436, 'NotMasterOrSecondary')

export const codeOf = (name: ErrorName): number => codes[name]

export const nameOfCode = (code: number): string => names.get(code) ?? `Location${code}`
