internal import SocketIOCore

/// Settings of a Socket.IO server. Names are Socket.IO 4's; where 0.9 called it otherwise, the comment says so.
public struct Settings: Sendable {
    /// Where the server answers, at the end of any path: `socket.io`, or `myApp/server.js`.
    /// 0.9: "resource"; later: "path".
    public var resource = "socket.io"
    /// Accept nothing outside this path, which begins and ends with a slash; nil accepts any prefix.
    public var basePath: String?
    /// Engine.IO transports that are offered.
    public var polling = true
    public var webSocket = true
    /// From the opening, or the last pong, to the server's next ping. 0.9: "heartbeat interval".
    public var pingInterval: Duration = .seconds(20)
    /// From a ping to the end of a client that does not answer. 0.9: "heartbeat timeout".
    public var pingTimeout: Duration = .seconds(20)
    /// For the whole of an upgrade from polling to WebSocket.
    public var upgradeTimeout: Duration = .seconds(10)
    /// From the opening to the first namespace joined.
    public var connectTimeout: Duration = .seconds(45)
    /// How long a session that the server has closed waits for a poll to say so.
    public var closeTimeout: Duration = .seconds(30)
    /// Bytes of one message or one POST. Socket.IO: "maxHttpBufferSize".
    public var maxPayload = 1_000_000
    /// Packets in one payload of a polling client.
    public var maxPackets = 1_000
    /// Bytes owed to one client that does not take them.
    public var maxBuffered = 1_048_576
    /// Namespaces one client may be in.
    public var maxNamespaces = 100
    /// Sessions one event loop keeps; a handshake beyond it is answered 503.
    public var maxSessions = 100_000
    /// The width of a slot of the timer wheel; nothing is later than this because of it.
    public var wheelSlot: Duration = .milliseconds(5)

    public init() {}

    var limits: SessionLimits {
        SessionLimits(
            pingInterval: pingInterval.wholeNanoseconds, pingTimeout: pingTimeout.wholeNanoseconds,
            upgradeTimeout: upgradeTimeout.wholeNanoseconds, connectTimeout: connectTimeout.wholeNanoseconds,
            closeTimeout: closeTimeout.wholeNanoseconds, maxBuffered: maxBuffered, maxPackets: maxPackets)
    }
}
