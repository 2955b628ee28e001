import Testing

@testable import SocketIOCore

/// A session on a WebSocket, from the start or after an upgrade.
@Suite struct SessionSocketTests {
    private var probe = SessionProbe(onSocket: true)

    @Test mutating func packetIsWrittenWhenTheSocketTakesIt() {
        #expect(probe.send(.packet("4a"), ready: false) == [])
        #expect(probe.session.hasPackets)
        #expect(probe.flush() == [.write("4a")])
        #expect(probe.send(.packet("4b"), .binary([1])) == [.write("4b"), .write(.binary([1]))])
    }

    @Test mutating func messagesAreDelivered() {
        #expect(probe.text("40") == [.deliver("0")])
        #expect(probe.binary([1, 2]) == [.deliverBinary([1, 2])])
        #expect(probe.text("bAQID") == [.deliverBinary([1, 2, 3])])
    }

    @Test(arguments: ["2", "2probe", "", "x", "7"])
    mutating func violationClosesTheSocket(text: String) {
        #expect(probe.text(text) == [.closeSocket, .ended(.transportError)])
    }

    /// `1` ends a polling connection and is ignored on a WebSocket, which has a close frame for that.
    @Test(arguments: ["3", "0", "1", "5", "6"])
    mutating func harmlessPacketIsIgnored(text: String) {
        #expect(probe.text(text) == [])
        #expect(probe.session.isOpen)
    }

    @Test mutating func pollingRequestIsRefused() {
        #expect(probe.poll() == [.refuse])
        #expect(probe.beginPost() == [.refuse])
        #expect(probe.session.isOpen)
    }

    @Test mutating func lostSocketEndsTheSession() {
        #expect(probe.loseSocket() == [.ended(.transportClose)])
        #expect(probe.loseSocket() == [])
    }

    @Test mutating func closeSendsWhatWaitsFirst() {
        _ = probe.send(.packet("41"), ready: false)
        #expect(probe.close() == [.write("41"), .closeSocket, .ended(.serverNamespaceDisconnect)])
    }

    @Test mutating func tooMuchOwedClosesTheSocket() {
        let actions = probe.send(.text(Array(repeating: 65, count: 101)), ready: false)
        #expect(actions == [.closeSocket, .ended(.forcedServerClose)])
        #expect(probe.flush() == [])
    }

    @Test mutating func silenceClosesTheSocket() {
        #expect(probe.pass(to: 1000) == [.write("2")])
        #expect(probe.pass(to: 1500) == [.closeSocket, .ended(.pingTimeout)])
    }

    @Test mutating func clientThatJoinsNothingIsClosed() {
        probe = SessionProbe(onSocket: true, joined: false)
        #expect(probe.pass(to: 800) == [.closeSocket, .ended(.forcedServerClose)])
    }
}

/// From polling to a WebSocket (engine.io-protocol 4, "Upgrade").
@Suite struct SessionUpgradeTests {
    private var probe = SessionProbe()

    @Test mutating func probeIsAnsweredAndEndsTheHeldPoll() {
        _ = probe.poll()
        #expect(probe.openProbe() == true)
        #expect(probe.probe("2probe") == [.answerProbe, .answer("6")])
        #expect(probe.probe("5") == [.adoptProbe])
        #expect(probe.session.isOnSocket)
    }

    @Test mutating func everyPollUntilTheSwitchIsEndedSoon() {
        _ = probe.openProbe()
        _ = probe.probe("2probe")
        for start in [0, 50, 180] as [Int64] {
            probe.now = .ms(start)
            #expect(probe.poll() == [])
            #expect(probe.session.nextDeadline == .ms(start + 100))
            #expect(probe.pass(to: start + 100) == [.answer("6")])
        }
    }

    @Test mutating func pollStillOpenAtTheSwitchIsAnswered() {
        _ = probe.openProbe()
        _ = probe.probe("2probe")
        _ = probe.poll()
        #expect(probe.probe("5") == [.answer("1"), .adoptProbe])
    }

    @Test mutating func packetsFollowOnTheSocket() {
        _ = probe.openProbe()
        _ = probe.probe("2probe")
        #expect(probe.send(.packet("40{}")) == [])
        _ = probe.probe("5")
        #expect(probe.flush() == [.write("40{}")])
    }

    @Test mutating func pollsAndPostsGoOnWhileProbing() {
        _ = probe.openProbe()
        _ = probe.poll()
        #expect(probe.post("40") == [.deliver("0")])
        #expect(probe.send(.packet("4a")) == [.answer("4a")])
    }

    @Test mutating func switchNeedsNoProbe() {
        _ = probe.openProbe()
        #expect(probe.probe("5") == [.adoptProbe])
    }

    @Test(arguments: ["40", "2", "2prob", "3", "", "x", "6"])
    mutating func otherPacketClosesTheProbeOnly(text: String) {
        _ = probe.poll()
        _ = probe.openProbe()
        #expect(probe.probe(text) == [.closeProbe])
        #expect(probe.send(.packet("4a")) == [.answer("4a")])
        #expect(probe.openProbe() == true, "another try is allowed")
    }

    @Test mutating func slowUpgradeClosesTheProbeOnly() {
        _ = probe.openProbe()
        _ = probe.probe("2probe")
        #expect(probe.session.nextDeadline == .ms(300))
        #expect(probe.pass(to: 300) == [.closeProbe])
        #expect(probe.session.isPolling)
        #expect(probe.session.nextDeadline == .ms(1000))
    }

    @Test mutating func secondProbeIsTurnedAway() {
        #expect(probe.openProbe() == true)
        #expect(probe.openProbe() == false)
        #expect(probe.probe("5") == [.adoptProbe])
        #expect(probe.openProbe() == false)
    }

    @Test mutating func lostProbeLeavesThePolling() {
        _ = probe.openProbe()
        probe.session.probeClosed()
        #expect(probe.poll() == [])
        #expect(probe.openProbe() == true)
    }

    @Test mutating func endWhileProbingClosesTheProbe() {
        _ = probe.openProbe()
        _ = probe.poll()
        #expect(probe.close() == [.closeProbe, .answer("1"), .ended(.serverNamespaceDisconnect)])
    }

    @Test mutating func clientThatLeavesWhileProbingClosesTheProbe() {
        _ = probe.openProbe()
        #expect(probe.post("1") == [.closeProbe, .ended(.transportClose)])
    }
}
