internal import SocketIOCore

/// A client of Engine.IO without Socket.IO: messages go both ways over whichever transport carries them.
///
/// - Limits: as for Socket.IO: ``Settings/maxPayload`` for a message, ``Settings/maxBuffered`` for what waits.
/// - Owner: an event loop. A handler is called there and must not wait, nor keep the socket for another thread.
public final class EngineSocket {
    /// Called with each message, in the order they came.
    public typealias Handler = @Sendable (EngineSocket, WebSocketMessage) -> Void

    private weak var client: EngineClient?
    /// Of the call that is being made: nothing here reads a clock.
    private var now: Instant
    private var isClosed = false
    /// The session's id.
    public let id: String

    init(_ client: EngineClient, at now: Instant) {
        self.client = client
        self.now = now
        id = client.sid
    }

    /// On a client that has gone it does nothing.
    public func send(_ message: WebSocketMessage) {
        switch message {
        case .text(let text): client?.queue(.text([UInt8(ascii: "4")] + text.utf8), at: now)
        case .binary(let bytes): client?.queue(.binary(bytes), at: now)
        }
    }

    /// Ends the connection, behind everything sent before.
    public func close() {
        isClosed = true
        client?.close(.forcedServerClose, at: now)
    }

    /// Nothing is heard behind an end, from whichever side it came.
    func heard(_ message: WebSocketMessage, _ handler: Handler, at now: Instant) {
        guard !isClosed else { return }
        self.now = now
        handler(self, message)
    }
}

/// An address below which an application serves Engine.IO without Socket.IO.
final class EngineEndpoint: Sendable {
    let path: ResourcePath
    let handler: EngineSocket.Handler

    init(_ resource: String, _ handler: @escaping EngineSocket.Handler) {
        path = ResourcePath(resource: resource)
        self.handler = handler
    }
}

extension Server {
    /// Serves Engine.IO, revisions 2 to 4, without Socket.IO below `resource`, under any prefix and with the settings
    /// of this server.
    ///
    ///     server.serveEngine(below: "engine.io") { socket, message in socket.send(message) }
    public mutating func serveEngine(below resource: String, _ handler: @escaping EngineSocket.Handler) {
        engineEndpoints.append(EngineEndpoint(resource, handler))
    }
}
