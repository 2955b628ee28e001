internal import SocketIOCore

/// One WebSocket message.
public enum WebSocketMessage: Equatable, Sendable {
    /// UTF-8, checked when it came.
    case text(String)
    /// Any bytes.
    case binary([UInt8])
}

/// A WebSocket without Socket.IO that an application serves itself, in both directions.
///
/// - Limits: a message is at most ``Settings/maxPayload`` long, unless the address has a limit of its own; a client
///   that leaves more than ``Settings/maxBuffered`` bytes, and more than one such message, of answers untaken loses
///   its connection.
/// - Owner: the event loop that accepted it. A handler is called there and must not wait, nor keep the socket for
///   another thread.
public final class RawSocket {
    /// Called with each message, in the order they came.
    public typealias Handler = @Sendable (RawSocket, WebSocketMessage) -> Void

    /// The handshake.
    public let request: Request
    private let endpoint: RawEndpoint
    private let shard: Shard
    private var link: (any Link)?
    /// Answers behind one that the client has not taken yet.
    private var waiting: [Outgoing] = []
    private var waitingBytes = 0
    package var scheduled = Instant.distantFuture

    fileprivate init(_ request: Request, _ endpoint: RawEndpoint, on link: any Link, in shard: Shard) {
        self.request = request
        self.endpoint = endpoint
        self.link = link
        self.shard = shard
    }

    /// False once either side has said goodbye: what is sent from then on goes nowhere.
    public var isOpen: Bool { link != nil }

    /// Sends one message, whole; see ``isOpen``.
    public func send(_ message: WebSocketMessage) {
        switch message {
        case .text(let text): pass(.text(Array(text.utf8)))
        case .binary(let bytes): pass(.binary(bytes))
        }
    }

    /// Begins the closing handshake, behind everything sent before.
    ///
    /// - Parameter code: 1000 to 1003, 1007 to 1011 or 3000 to 4999 (RFC 6455, 7.4); nil sends none.
    public func close(code: UInt16? = 1000) {
        guard let link else { return }
        for packet in waiting { link.write(packet) }
        leave()
        link.closeSocket(code: code)
    }

    private func pass(_ packet: Outgoing) {
        guard let link else { return }
        if link.isReady { return link.write(packet) }
        waiting.append(packet)
        waitingBytes += packet.owedBytes
        guard waitingBytes > max(shard.server.settings.maxBuffered, endpoint.maxMessageBytes ?? 0) else {
            return
        }
        // It does not read: a close frame would not be read either.
        leave()
        link.abort()
    }

    private func leave() {
        link?.delegate = nil
        link = nil
        waiting = []
        waitingBytes = 0
    }
}

extension RawSocket: Timed {
    /// Pings now and then: a proxy takes silence for death, and a peer that is gone shows itself.
    package func deadlineReached(at now: Instant) {
        guard let link else { return }
        if link.isReady { link.ping() }
        rest(at: now)
    }

    fileprivate func rest(at now: Instant) {
        let interval = endpoint.pingInterval ?? shard.limits.pingInterval
        shard.arm(self, at: Instant(nanoseconds: now.nanoseconds &+ interval))
    }
}

extension RawSocket: LinkDelegate {
    package var plainTransport: String? { endpoint.name }

    package func linkReady(_ link: any Link, at now: Instant) {
        let packets = waiting
        waiting = []
        waitingBytes = 0
        for packet in packets { pass(packet) }
    }

    package func link(_ link: any Link, receivedText text: ArraySlice<UInt8>, at now: Instant) {
        endpoint.handler(self, .text(String(decoding: text, as: UTF8.self)))
    }

    package func link(_ link: any Link, receivedBinary bytes: [UInt8], at now: Instant) {
        endpoint.handler(self, .binary(bytes))
    }

    package func linkClosed(_ link: any Link, at now: Instant) { leave() }
    package func linkRefusedBody(_ link: any Link, at now: Instant) {}
    package func linkMustEnd(_ link: any Link, at now: Instant) { close(code: 1001) }
}

/// An address at which an application serves bare WebSockets.
struct RawEndpoint: Sendable {
    /// The last segment of the path, under any prefix.
    let name: String
    let maxMessageBytes: Int?
    let pingInterval: Int64?
    let handler: RawSocket.Handler

    /// Answers the handshake; messages are heard from here on.
    func open(_ request: Request, on link: any Link, in shard: Shard, at now: Instant) {
        if let refusal = shard.server.refusal(of: request) {
            return link.respond(SocketHandshake.refused(refusal, request))
        }
        guard let accept = SocketHandshake.accept(request, on: link) else { return }
        if shard.isDraining { return link.respond(.json(503, #"{"error":"the server is stopping"}"#)) }
        link.openSocket(accept: accept, headers: [], maxMessageBytes: maxMessageBytes)
        let socket = RawSocket(request, self, on: link, in: shard)
        link.delegate = socket
        link.flush()
        socket.rest(at: now)
    }
}

extension Server {
    /// Serves bare WebSockets at `name`, under any prefix; of endpoints with the same name the first counts.
    ///
    ///     server.serveWebSocket(named: "echo") { socket, message in socket.send(message) }
    ///
    /// - Parameters:
    ///   - maxMessageBytes: of one message of a client; nil: ``Settings/maxPayload``.
    ///   - pingInterval: from one ping to the next; nil: ``Settings/pingInterval``.
    ///   - handler: called with each message, on the event loop of its socket.
    public mutating func serveWebSocket(
        named name: String, maxMessageBytes: Int? = nil, pingInterval: Duration? = nil,
        _ handler: @escaping RawSocket.Handler
    ) {
        rawEndpoints.append(
            RawEndpoint(
                name: name, maxMessageBytes: maxMessageBytes, pingInterval: pingInterval?.wholeNanoseconds,
                handler: handler))
    }
}
