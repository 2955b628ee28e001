// The core's few public types (`Instant`, `CloseReason`) are part of what an application writes against.
@_exported public import SocketIOCore
