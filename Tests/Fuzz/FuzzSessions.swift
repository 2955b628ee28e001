internal import SocketIOCore

extension FuzzTarget {
    /// The bytes drive the calls; every call leaves a session of which the same things hold.
    static let sessions = [
        FuzzTarget("session") { bytes in
            var input = FuzzInput(bytes)
            var driven = DrivenSession(&input)
            while !input.isEmpty { driven.step(&input) }
        },
        FuzzTarget("session-v09") { bytes in
            var input = FuzzInput(bytes)
            var driven = DrivenSessionV09(&input)
            while !input.isEmpty { driven.step(&input) }
        },
        FuzzTarget("wheel") { bytes in
            var input = FuzzInput(bytes)
            DrivenWheel.run(&input)
        },
    ]
}

private struct DrivenSession {
    private static let limits = SessionLimits(
        pingInterval: 1000, pingTimeout: 500, upgradeTimeout: 300, connectTimeout: 800, closeTimeout: 400,
        maxBuffered: 200, maxPackets: 8)

    private var session: Session
    private var now = Instant(nanoseconds: 0)
    private var ends = 0

    init(_ input: inout FuzzInput) {
        let choice = input.byte()
        let dialect: Dialect = [.engine2, .engine3, .engine4][Int(choice % 3)]
        session = Session(
            EngineFormat(dialect, isTextOnly: choice & 0x10 != 0), onSocket: choice & 0x20 != 0,
            limits: Self.limits, at: now)
    }

    mutating func step(_ input: inout FuzzInput) {
        let wasHeld = session.isPollHeld
        let wasEnded = session.isEnded
        var actions: [Session.Action] = []
        perform(&input, &actions)
        check(actions, wasHeld: wasHeld, wasEnded: wasEnded)
    }

    // One case a call: nothing to take apart.
    private mutating func perform(_ input: inout FuzzInput, _ actions: inout [Session.Action]) {
        let limits = Self.limits
        switch input.byte() % 18 {
        case 0: session.pollArrived(at: now, &actions)
        case 1: session.pollAborted(&actions)
        case 2: session.postBegan(&actions)
        case 3: session.postAborted(isFatal: input.byte() & 1 == 0, &actions)
        case 4: session.postReceived(input.piece(), isBinary: false, at: now, limits: limits, &actions)
        case 5: session.postReceived(input.piece(), isBinary: true, at: now, limits: limits, &actions)
        case 6: _ = session.probeOpened(at: now, limits: limits)
        case 7: session.probeReceived(input.piece()[...], at: now, &actions)
        case 8: session.probeReceived(Array("2probe".utf8)[...], at: now, &actions)
        case 9: session.probeReceived(Array("5".utf8)[...], at: now, &actions)
        case 10: session.probeClosed()
        case 11: session.textReceived(input.piece()[...], at: now, &actions)
        case 12: session.binaryReceived(input.piece(), at: now, &actions)
        case 13: session.socketClosed(&actions)
        case 14: session.send(.text(input.piece()), limits: limits, &actions)
        case 15: session.flush(socketIsReady: input.byte() & 1 == 0, &actions)
        case 16: session.close(.serverNamespaceDisconnect, at: now, limits: limits, &actions)
        default: pass(input.byte(), &actions)
        }
    }

    /// Time goes on, and every deadline on the way is kept.
    private mutating func pass(_ span: UInt8, _ actions: inout [Session.Action]) {
        if span & 1 == 0 { session.namespaceJoined() }
        let end = now + .nanoseconds(Int64(span) * 10)
        for _ in 0..<1000 where session.nextDeadline <= end {
            now = max(now, session.nextDeadline)
            session.deadlineReached(at: now, limits: Self.limits, &actions)
            session.flush(socketIsReady: true, &actions)
        }
        hold(session.nextDeadline > end, "time does not stand still")
        now = end
    }

    private mutating func check(_ actions: [Session.Action], wasHeld: Bool, wasEnded: Bool) {
        var answers = 0
        for (index, action) in actions.enumerated() {
            switch action {
            case .answerPoll: answers += 1
            case .ended:
                ends += 1
                hold(index == actions.count - 1, "the end is the last action")
            default: break
            }
        }
        hold(answers <= (wasHeld ? 1 : 0) + 1, "a poll is answered once")
        hold(ends <= 1 && (ends == 1) == session.isEnded, "a session ends once")
        if wasEnded { hold(actions.allSatisfy { $0 == .refuse }, "an ended session does nothing") }
        if session.isEnded {
            hold(
                session.nextDeadline == .distantFuture && !session.hasPackets,
                "an ended session waits for nothing")
        }
    }
}

private struct DrivenSessionV09 {
    private let limits: LimitsV09
    private var session: SessionV09
    private var now = Instant(nanoseconds: 0)
    private var ends = 0

    init(_ input: inout FuzzInput) {
        limits = LimitsV09(
            heartbeat: input.byte() & 1 == 0 ? (interval: 1000, timeout: 500) : nil, pollingDuration: 300,
            closeTimeout: 400, handshakeTimeout: 200, maxBuffered: 200, maxPackets: 8)
        session = SessionV09(limits: limits, at: now)
    }

    mutating func step(_ input: inout FuzzInput) {
        let wasEnded = session.isEnded
        var actions: [SessionV09.Action] = []
        perform(&input, &actions)
        for (index, action) in actions.enumerated() {
            guard case .ended = action else { continue }
            ends += 1
            hold(index == actions.count - 1, "the end is the last action")
        }
        hold(ends <= 1 && (ends == 1) == session.isEnded, "a session ends once")
        if wasEnded { hold(actions.isEmpty, "an ended session does nothing") }
        if session.isEnded {
            hold(session.nextDeadline == .distantFuture, "an ended session waits for nothing")
        }
    }

    private mutating func perform(_ input: inout FuzzInput, _ actions: inout [SessionV09.Action]) {
        switch input.byte() % 10 {
        case 0: session.transportOpened(.socket, at: now, limits: limits, &actions)
        case 1: session.transportOpened(.stream, at: now, limits: limits, &actions)
        case 2: session.transportOpened(.poll, at: now, limits: limits, &actions)
        case 3: session.transportClosed(at: now, limits: limits, &actions)
        case 4:
            let packets = PayloadV09.decode(input.piece(), maxPackets: limits.maxPackets).packets
            session.received(packets, at: now, limits: limits, &actions)
        case 5: session.heartbeatReceived(at: now)
        case 6: session.send(.text(input.piece()), limits: limits, &actions)
        case 7: session.flush(isReady: input.byte() & 1 == 0, at: now, limits: limits, &actions)
        case 8: session.close(.serverNamespaceDisconnect, at: now, limits: limits, &actions)
        default: pass(input.byte(), &actions)
        }
    }

    private mutating func pass(_ span: UInt8, _ actions: inout [SessionV09.Action]) {
        let end = now + .nanoseconds(Int64(span) * 10)
        for _ in 0..<1000 where session.nextDeadline <= end {
            now = max(now, session.nextDeadline)
            session.deadlineReached(at: now, limits: limits, &actions)
            session.flush(isReady: true, at: now, limits: limits, &actions)
        }
        hold(session.nextDeadline > end, "time does not stand still")
        now = end
    }
}

/// Everything that is armed fires once, not before its time and at most one slot behind it.
private enum DrivenWheel {
    private final class Alarm: Timed {
        var scheduled = Instant.distantFuture
        var fired: Instant?
        func deadlineReached(at now: Instant) { fired = now }
    }

    static func run(_ input: inout FuzzInput) {
        var now = Instant(nanoseconds: 0)
        var wheel = Wheel(width: .nanoseconds(10), slotCount: 64, startingAt: now)
        var alarms: [Alarm] = []
        while !input.isEmpty {
            if input.byte() & 1 == 0 {
                let alarm = alarms.isEmpty || input.byte() & 1 == 0 ? Alarm() : alarms[0]
                if alarm.fired == nil { wheel.arm(alarm, at: now + .nanoseconds(Int64(input.byte()) * 9)) }
                if alarms.first !== alarm { alarms.append(alarm) }
            } else {
                now = now + .nanoseconds(Int64(input.byte()))
                while let due = wheel.popDue(at: now) {
                    hold((due as? Alarm)?.fired == nil, "nothing fires twice")
                    due.deadlineReached(at: now)
                }
                for alarm in alarms where alarm.fired == nil {
                    hold(alarm.scheduled + .nanoseconds(10) > now, "nothing is late")
                }
                alarms.removeAll { $0.fired != nil }
            }
        }
    }
}
