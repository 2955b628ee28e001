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
    /// As ``polling``: whether WebSocket is offered.
    public var webSocket = true
    /// Pages that may shake hands. 0.9: "origins".
    public var origins = OriginRule.any
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
    /// Transports offered to 0.9, in the order of preference that its handshake gives. 0.9: "transports".
    public var transportsV09 = TransportV09.allCases
    /// Whether 0.9 clients on WebSocket and htmlfile get heartbeats. 0.9: "heartbeats".
    public var heartbeats = true
    /// How long a poll of a 0.9 client is held when there is nothing to say. 0.9: "polling duration".
    public var pollingDuration: Duration = .seconds(20)
    /// How long a 0.9 client may be between two polls. 0.9: "close timeout".
    public var closeTimeoutV09: Duration = .seconds(60)
    /// From a 0.9 handshake to its first transport; the reference sweeps after this time.
    public var handshakeTimeoutV09: Duration = .seconds(30)
    /// Bytes of one message or one POST. Socket.IO: "maxHttpBufferSize".
    public var maxPayload = 1_000_000
    /// Packets in one payload of a polling client.
    public var maxPackets = 1_000
    /// Bytes owed to one client that does not take them.
    public var maxBuffered = 1_048_576
    /// Namespaces one client may be in.
    public var maxNamespaces = 100
    /// Namespaces made by predicates at a time.
    public var maxDynamicNamespaces = 1_000
    /// Rooms one socket may be in.
    public var maxRooms = 1_000
    /// Events of one socket that may wait for their handlers; a client that sends more is closed.
    public var maxWaitingEvents = 1_000
    /// Lets clients come back to what they missed. Socket.IO: "connectionStateRecovery"; nil, as there: off.
    public var recovery: RecoverySettings?
    /// Sessions one event loop keeps; a handshake beyond it is answered 503.
    public var maxSessions = 100_000
    /// What names this node in the ids of its sessions; 0: one that ``Server/nodes`` or chance gives.
    public var node: UInt16 = 0
    /// The width of a slot of the timer wheel; nothing is later than this because of it.
    public var wheelSlot: Duration = .milliseconds(5)

    /// The defaults.
    public init() {}

    var limits: SessionLimits {
        SessionLimits(
            pingInterval: pingInterval.wholeNanoseconds, pingTimeout: pingTimeout.wholeNanoseconds,
            upgradeTimeout: upgradeTimeout.wholeNanoseconds, connectTimeout: connectTimeout.wholeNanoseconds,
            closeTimeout: closeTimeout.wholeNanoseconds, maxBuffered: maxBuffered, maxPackets: maxPackets)
    }

    /// What 0.9 clients are told, in seconds: how long they hear nothing before they give up. They count from the
    /// last packet of ours, so it is the time to the next heartbeat and twice what that may be late; 60 by default,
    /// as in the reference.
    var silenceV09: Int64 {
        let span = pingInterval + pingTimeout + pingTimeout
        return max(1, (span.wholeMilliseconds + 999) / 1000)
    }

    var limitsV09: LimitsV09 {
        LimitsV09(
            heartbeat: heartbeats ? (pingInterval.wholeNanoseconds, pingTimeout.wholeNanoseconds) : nil,
            pollingDuration: pollingDuration.wholeNanoseconds, closeTimeout: closeTimeoutV09.wholeNanoseconds,
            handshakeTimeout: handshakeTimeoutV09.wholeNanoseconds, maxBuffered: maxBuffered,
            maxPackets: maxPackets)
    }
}
