import Testing

@testable import SocketIOCore

/// A session on polling: engine.io's answers to each way of using it well or badly.
@Suite struct SessionPollingTests {
    private var probe = SessionProbe()

    @Test mutating func pollWaitsForAPacket() {
        #expect(probe.poll() == [])
        #expect(probe.session.isPollHeld)
        #expect(probe.send(.packet("4a"), .packet("4b")) == [.answer("4a", "4b")])
        #expect(!probe.session.isPollHeld && !probe.session.hasPackets)
    }

    @Test mutating func packetsWaitForAPoll() {
        #expect(probe.send(.packet("4a")) == [])
        #expect(probe.session.hasPackets)
        #expect(probe.poll() == [])
        #expect(probe.flush() == [.answer("4a")])
    }

    @Test mutating func secondPollEndsBoth() {
        _ = probe.poll()
        #expect(probe.poll() == [.refuse, .answer("1"), .ended(.transportError)])
        #expect(probe.poll() == [.refuse])
    }

    @Test mutating func secondPostEndsTheSession() {
        #expect(probe.beginPost() == [])
        #expect(probe.beginPost() == [.refuse, .ended(.transportError)])
    }

    @Test mutating func abortedPollEndsTheSession() {
        _ = probe.poll()
        #expect(probe.abortPoll() == [.ended(.transportError)])
    }

    /// Its answer and the end of its connection have crossed.
    @Test mutating func abortOfAnAnsweredPollIsNothing() {
        _ = probe.poll()
        _ = probe.send(.packet("4a"))
        #expect(probe.abortPoll() == [])
        #expect(probe.session.isOpen)
    }

    @Test mutating func abortedPostEndsTheSessionAndARefusedOneDoesNot() {
        _ = probe.beginPost()
        #expect(probe.abortPost(isFatal: false) == [])
        #expect(probe.beginPost() == [])
        #expect(probe.abortPost(isFatal: true) == [.ended(.transportError)])
    }

    @Test mutating func packetsOfAPostAreDeliveredInOrder() {
        #expect(
            probe.post("40\u{1e}42[\"a\"]\u{1e}bAQID")
                == [.deliver("0"), .deliver("2[\"a\"]"), .deliverBinary([1, 2, 3])])
        #expect(probe.post("41") == [.deliver("1")])
    }

    /// Decoding stops at the first bad packet; those before it are delivered.
    @Test(arguments: ["40\u{1e}", "40\u{1e}\u{1e}41", "40\u{1e}x", "40\u{1e}2"])
    mutating func badPacketEndsTheSession(body: String) {
        #expect(probe.post(body) == [.deliver("0"), .ended(.transportError)])
    }

    @Test mutating func emptyPostEndsTheSession() {
        #expect(probe.post("") == [.ended(.transportError)])
    }

    @Test mutating func tooManyPacketsEndTheSession() {
        let ten = Array(repeating: "4a", count: 10).joined(separator: "\u{1e}")
        #expect(probe.post(ten) == Array(repeating: .deliver("a"), count: 10))
        #expect(probe.post(ten + "\u{1e}4b").last == .ended(.transportError))
    }

    @Test(arguments: ["3", "3probe", "0", "5", "6"])
    mutating func harmlessPacketIsIgnored(packet: String) {
        #expect(probe.post(packet) == [])
        #expect(probe.session.isOpen)
    }

    @Test mutating func closePacketEndsTheSessionAndItsPoll() {
        _ = probe.poll()
        #expect(probe.post("1") == [.answer("6"), .ended(.transportClose)])
    }

    @Test mutating func packetBehindAClosePacketIsDropped() {
        #expect(probe.post("1\u{1e}40") == [.ended(.transportClose)])
    }

    // MARK: What is owed to a client

    @Test mutating func exactlyTheLimitMayWait() {
        let packet = Outgoing.text(Array(repeating: 65, count: 50))
        #expect(probe.send(packet, packet) == [])
        #expect(probe.send(.text([65])) == [.ended(.forcedServerClose)])
    }

    @Test mutating func sharedFramesDoNotCount() {
        let frame = Outgoing.frame(.message(Array(repeating: 65, count: 10_000)))
        #expect(probe.send(frame, frame) == [])
        #expect(probe.session.isOpen)
    }

    // MARK: The end

    @Test mutating func closeAnswersTheHeldPoll() {
        _ = probe.poll()
        #expect(probe.close(.serverShuttingDown) == [.answer("1"), .ended(.serverShuttingDown)])
    }

    /// A kick: `41` answers the open poll, the next one gets the goodbye.
    @Test mutating func whatWaitsGoesOutBeforeTheGoodbye() {
        _ = probe.poll()
        _ = probe.asking { $0.send(.packet("41"), limits: SessionProbe.limits, &$1) }
        #expect(probe.close() == [.answer("41")])
        #expect(!probe.session.isOpen && !probe.session.isEnded)
        #expect(probe.poll() == [.answer("6", "1"), .ended(.forcedServerClose)])
    }

    @Test mutating func goodbyeWaitsForTwoPollsWhenNoneIsHeld() {
        _ = probe.send(.packet("41"))
        #expect(probe.close() == [])
        #expect(probe.send(.packet("4late")) == [])
        #expect(probe.poll() == [.answer("41")])
        #expect(probe.poll() == [.answer("6", "1"), .ended(.forcedServerClose)])
    }

    @Test mutating func goodbyeIsNotKeptForever() {
        _ = probe.close()
        #expect(probe.session.nextDeadline == .ms(400))
        #expect(probe.pass(to: 399) == [])
        #expect(probe.pass(to: 400) == [.ended(.forcedServerClose)])
    }

    @Test mutating func closedSessionTakesOnlyAGoodbyeFromItsClient() {
        _ = probe.close()
        #expect(probe.post("40") == [])
        #expect(probe.post("1") == [.ended(.transportClose)])
    }

    // MARK: Time

    @Test mutating func clientThatJoinsNothingIsClosed() {
        probe = SessionProbe(joined: false)
        _ = probe.poll()
        #expect(probe.session.nextDeadline == .ms(800))
        #expect(probe.pass(to: 800) == [.answer("1"), .ended(.forcedServerClose)])
    }

    @Test mutating func joiningLiftsThatDeadline() {
        probe = SessionProbe(joined: false)
        probe.session.namespaceJoined()
        #expect(probe.session.nextDeadline == .ms(1000))
        #expect(probe.pass(to: 800) == [])
    }

    @Test mutating func pingAnswersThePollAndSilenceEnds() {
        _ = probe.poll()
        #expect(probe.pass(to: 1000) == [.answer("2")])
        _ = probe.poll()
        #expect(probe.pass(to: 1500) == [.answer("1"), .ended(.pingTimeout)])
        #expect(probe.session.nextDeadline == .distantFuture)
    }

    @Test mutating func onlyAPongCountsAsLife() {
        _ = probe.pass(to: 1000)
        probe.now = .ms(1400)
        _ = probe.post("42[\"a\"]")
        #expect(probe.session.nextDeadline == .ms(1500))
        _ = probe.post("3")
        #expect(probe.session.nextDeadline == .ms(2400))
    }
}
