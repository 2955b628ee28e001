import Testing

@testable import SocketIOCore

/// Socket.IO 0.9: heartbeats 1000 + 500 ms, polls held for 700, a client kept for 900 between them; 100
/// bytes.
private struct ProbeV09 {
    static let limits = LimitsV09(
        heartbeat: (1_000_000_000, 500_000_000), pollingDuration: 700_000_000, closeTimeout: 900_000_000,
        handshakeTimeout: 3_000_000_000, maxBuffered: 100, maxPackets: 10)

    var session = SessionV09(limits: limits, at: .ms(0))
    var now = Instant.ms(0)

    mutating func asking(_ call: (inout SessionV09, inout [SessionV09.Action]) -> Void) -> [SessionV09.Action]
    {
        var actions: [SessionV09.Action] = []
        call(&session, &actions)
        return actions
    }

    mutating func open(_ way: SessionV09.Way) -> [SessionV09.Action] {
        asking { [now] in $0.transportOpened(way, at: now, limits: Self.limits, &$1) }
    }

    mutating func lose() -> [SessionV09.Action] {
        asking { [now] in $0.transportClosed(at: now, limits: Self.limits, &$1) }
    }

    mutating func send(_ packets: Outgoing..., ready: Bool = true) -> [SessionV09.Action] {
        asking { [now] session, actions in
            for packet in packets { session.send(packet, limits: Self.limits, &actions) }
            session.flush(isReady: ready, at: now, limits: Self.limits, &actions)
        }
    }

    mutating func close() -> [SessionV09.Action] {
        asking { [now] in $0.close(.serverNamespaceDisconnect, at: now, limits: Self.limits, &$1) }
    }

    mutating func receive(_ packets: String...) -> [SessionV09.Action] {
        asking { [now] in $0.received(packets.map { Array($0.utf8) }, at: now, limits: Self.limits, &$1) }
    }

    mutating func pass(to milliseconds: Int64) -> [SessionV09.Action] {
        now = .ms(milliseconds)
        return asking { [now] session, actions in
            session.deadlineReached(at: now, limits: Self.limits, &actions)
            session.flush(isReady: true, at: now, limits: Self.limits, &actions)
        }
    }
}

extension SessionV09.Action {
    fileprivate static func answer(_ packets: String...) -> SessionV09.Action {
        .answerPoll(packets.map(Outgoing.packet))
    }
    fileprivate static func write(_ text: String) -> SessionV09.Action { .write(Outgoing.packet(text)) }
}

@Suite struct SessionV09Tests {
    private var probe = ProbeV09()

    @Test(arguments: [SessionV09.Way.socket, .stream, .poll])
    mutating func firstTransportGreets(way: SessionV09.Way) {
        #expect(probe.open(way) == [.opened])
        #expect(probe.session.isOpen)
        #expect(
            probe.session.isPollHeld == (way == .poll) && probe.session.isOnSocketOrStream == (way != .poll))
    }

    @Test mutating func handshakeWithoutATransportIsForgotten() {
        #expect(probe.session.nextDeadline == .ms(3000))
        #expect(probe.pass(to: 3000) == [.ended(.transportClose)])
    }

    @Test mutating func packetsGoOutByTheWayThatIsOpen() {
        _ = probe.open(.socket)
        #expect(probe.send(.packet("a"), ready: false) == [])
        #expect(probe.send(.packet("b")) == [.write("a"), .write("b")])
        #expect(probe.open(.poll) == [.endTransport])
        #expect(probe.send(.packet("c"), .packet("d")) == [.answer("c", "d")])
        #expect(probe.send(.packet("e")) == [])
        #expect(probe.open(.poll) == [])
        #expect(probe.send() == [.answer("e")])
    }

    @Test mutating func newestTransportTakesOver() {
        _ = probe.open(.poll)
        #expect(probe.open(.poll) == [.answer("8::")])
        #expect(probe.open(.stream) == [.answer("8::")])
        #expect(probe.open(.socket) == [.endTransport])
    }

    @Test mutating func pollWithNothingToSayIsAnswered() {
        _ = probe.open(.poll)
        #expect(probe.session.nextDeadline == .ms(700))
        #expect(probe.pass(to: 699) == [])
        #expect(probe.pass(to: 700) == [.answer("8::")])
        #expect(probe.session.nextDeadline == .ms(1600))
        #expect(probe.pass(to: 1600) == [.ended(.transportClose)])
    }

    @Test mutating func lostPollLosesNothing() {
        _ = probe.open(.poll)
        #expect(probe.lose() == [])
        _ = probe.send(.packet("a"))
        _ = probe.open(.poll)
        #expect(probe.send() == [.answer("a")])
    }

    @Test(arguments: [SessionV09.Way.socket, .stream])
    mutating func lostSocketOrStreamEndsTheSession(way: SessionV09.Way) {
        _ = probe.open(way)
        #expect(probe.lose() == [.ended(.transportClose)])
        #expect(probe.lose() == [])
    }

    @Test mutating func packetsAreDelivered() {
        #expect(probe.receive("3:::early") == [])
        _ = probe.open(.poll)
        #expect(
            probe.receive("3:::a", "2::") == [.deliver(Array("3:::a".utf8)), .deliver(Array("2::".utf8))])
    }

    @Test mutating func silenceEndsASocketWithoutAGoodbye() {
        _ = probe.open(.socket)
        #expect(probe.pass(to: 1000) == [.write("2::")])
        probe.session.heartbeatReceived(at: .ms(1200))
        #expect(probe.pass(to: 2200) == [.write("2::")])
        #expect(probe.pass(to: 2700) == [.endTransport, .ended(.pingTimeout)])
    }

    @Test mutating func tooMuchOwedEndsTheSession() {
        _ = probe.open(.socket)
        let actions = probe.send(.text(Array(repeating: 65, count: 101)), ready: false)
        #expect(actions == [.write("0::"), .endTransport, .ended(.forcedServerClose)])
    }

    // MARK: The end

    @Test mutating func goodbyeGoesOutBehindWhatWaits() {
        _ = probe.open(.socket)
        _ = probe.send(.packet("a"), ready: false)
        #expect(
            probe.close() == [.write("a"), .write("0::"), .endTransport, .ended(.serverNamespaceDisconnect)])
    }

    @Test mutating func goodbyeAnswersTheHeldPoll() {
        _ = probe.open(.poll)
        #expect(probe.close() == [.answer("0::"), .ended(.serverNamespaceDisconnect)])
    }

    /// Without it an old client takes the end for a lost connection, comes back and starts over.
    @Test(arguments: [SessionV09.Way.poll, .socket, .stream])
    mutating func goodbyeWaitsForTheNextTransport(way: SessionV09.Way) {
        _ = probe.open(.poll)
        _ = probe.send(.packet("a"))
        _ = probe.send(.packet("b"))
        #expect(probe.close() == [])
        #expect(probe.send(.packet("late")) == [])
        let last = probe.open(way)
        #expect(
            last == (way == .poll ? [.answer("b", "0::")] : [.write("b"), .write("0::"), .endTransport])
                + [.ended(.serverNamespaceDisconnect)])
    }

    @Test mutating func goodbyeIsNotKeptForever() {
        _ = probe.open(.poll)
        _ = probe.lose()
        _ = probe.close()
        #expect(probe.pass(to: 900) == [.ended(.serverNamespaceDisconnect)])
        #expect(probe.session.nextDeadline == .distantFuture && probe.open(.poll) == [])
    }
}
