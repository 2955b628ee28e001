@testable import SocketIOCore

/// A session and its clock; every call gives the actions it caused.
struct SessionProbe {
    /// Round numbers, in milliseconds: ping 1000 + 500, upgrade 300, connect 800, goodbye 400; 100 bytes, 10
    /// packets.
    static let limits = SessionLimits(
        pingInterval: 1_000_000_000, pingTimeout: 500_000_000, upgradeTimeout: 300_000_000,
        connectTimeout: 800_000_000, closeTimeout: 400_000_000, maxBuffered: 100, maxPackets: 10)

    var session: Session
    var now = Instant.ms(0)

    init(_ dialect: Dialect = .engine4, onSocket: Bool = false, joined: Bool = true) {
        let format = EngineFormat(dialect, isTextOnly: false)
        session = Session(format, onSocket: onSocket, limits: Self.limits, at: .ms(0))
        if joined { session.namespaceJoined() }
    }

    mutating func asking(_ call: (inout Session, inout [Session.Action]) -> Void) -> [Session.Action] {
        var actions: [Session.Action] = []
        call(&session, &actions)
        return actions
    }

    mutating func poll() -> [Session.Action] {
        asking { [now] session, actions in session.pollArrived(at: now, &actions) }
    }

    /// A POST whose head and body come together.
    mutating func post(_ body: String) -> [Session.Action] {
        asking { [now] session, actions in
            session.postBegan(&actions)
            session.postReceived(
                Array(body.utf8), isBinary: false, at: now, limits: Self.limits, &actions)
        }
    }

    mutating func beginPost() -> [Session.Action] { asking { $0.postBegan(&$1) } }

    mutating func abortPoll() -> [Session.Action] { asking { $0.pollAborted(&$1) } }

    mutating func abortPost(isFatal: Bool) -> [Session.Action] {
        asking { $0.postAborted(isFatal: isFatal, &$1) }
    }

    mutating func binary(_ bytes: [UInt8]) -> [Session.Action] {
        asking { [now] session, actions in session.binaryReceived(bytes, at: now, &actions) }
    }

    mutating func loseSocket() -> [Session.Action] { asking { $0.socketClosed(&$1) } }

    mutating func text(_ text: String) -> [Session.Action] {
        asking { [now] session, actions in session.textReceived(Array(text.utf8)[...], at: now, &actions) }
    }

    mutating func openProbe() -> Bool { session.probeOpened(at: now, limits: Self.limits) }

    mutating func probe(_ text: String) -> [Session.Action] {
        asking { [now] session, actions in session.probeReceived(Array(text.utf8)[...], at: now, &actions) }
    }

    /// Sends and flushes, as a caller does at the end of its turn.
    mutating func send(_ packets: Outgoing..., ready: Bool = true) -> [Session.Action] {
        asking { session, actions in
            for packet in packets { session.send(packet, limits: Self.limits, &actions) }
            session.flush(socketIsReady: ready, &actions)
        }
    }

    mutating func flush(ready: Bool = true) -> [Session.Action] {
        asking { $0.flush(socketIsReady: ready, &$1) }
    }

    mutating func close(_ reason: CloseReason = .serverNamespaceDisconnect) -> [Session.Action] {
        asking { [now] session, actions in session.close(reason, at: now, limits: Self.limits, &actions) }
    }

    mutating func pass(to milliseconds: Int64) -> [Session.Action] {
        now = .ms(milliseconds)
        return asking { [now] session, actions in
            session.deadlineReached(at: now, limits: Self.limits, &actions)
            session.flush(socketIsReady: true, &actions)
        }
    }
}

extension Outgoing {
    static func packet(_ text: String) -> Outgoing { .text(Array(text.utf8)) }
}

extension Session.Action {
    static func answer(_ packets: String...) -> Session.Action { .answerPoll(packets.map(Outgoing.packet)) }
    static func deliver(_ text: String) -> Session.Action { .deliverText(Array(text.utf8)) }
    static func write(_ text: String) -> Session.Action { .write(Outgoing.packet(text)) }
}
