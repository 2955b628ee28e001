import Testing

@testable import SocketIOCore

@Suite struct HeartbeatTests {
    private var heart = Heartbeat(interval: 600_000_000, timeout: 400_000_000, startingAt: .ms(1000))

    @Test mutating func silenceClosesAfterIntervalAndTimeout() {
        #expect(heart.nextDeadline == .ms(1600))
        #expect(heart.deadlineReached(at: .ms(1600)) == .sendPing)
        #expect(heart.nextDeadline == .ms(2000))
        #expect(heart.deadlineReached(at: .ms(2000)) == .close(.pingTimeout))
        #expect(heart.nextDeadline == .distantFuture)
    }

    /// Observed of engine.io with these settings: pings at 0.6, 1.2 and 1.8 s.
    @Test mutating func nextPingIsAnIntervalBehindThePong() {
        for ping in [1600, 2250, 2900] as [Int64] {
            #expect(heart.deadlineReached(at: .ms(ping)) == .sendPing)
            heart.pongReceived(at: .ms(ping + 50))
            #expect(heart.nextDeadline == .ms(ping + 650))
        }
    }

    @Test mutating func nothingHappensBeforeADeadline() {
        #expect(heart.deadlineReached(at: Instant(nanoseconds: 1_599_999_999)) == .none)
        #expect(heart.deadlineReached(at: .ms(1600)) == .sendPing)
        #expect(heart.deadlineReached(at: Instant(nanoseconds: 1_999_999_999)) == .none)
        #expect(heart.deadlineReached(at: .ms(2000)) == .close(.pingTimeout))
    }

    @Test mutating func unaskedPongRestartsTheInterval() {
        heart.pongReceived(at: .ms(1500))
        #expect(heart.nextDeadline == .ms(2100))
        #expect(heart.deadlineReached(at: .ms(1600)) == .none)
    }

    @Test mutating func pongBehindTheEndChangesNothing() {
        _ = heart.deadlineReached(at: .ms(1600))
        _ = heart.deadlineReached(at: .ms(2000))
        heart.pongReceived(at: .ms(2001))
        #expect(heart.nextDeadline == .distantFuture)
        #expect(heart.deadlineReached(at: .distantFuture) == .none)
    }

    // MARK: Before Engine.IO 4 the client pings

    private var listener = Heartbeat(
        interval: 600_000_000, timeout: 400_000_000, pinging: .client, startingAt: .ms(1000))

    @Test mutating func silentClientIsClosedAfterIntervalAndTimeout() {
        #expect(listener.nextDeadline == .ms(2000))
        #expect(listener.deadlineReached(at: .ms(1999)) == .none)
        #expect(listener.deadlineReached(at: .ms(2000)) == .close(.pingTimeout))
        #expect(listener.nextDeadline == .distantFuture)
        listener.packetReceived(at: .ms(2001))
        #expect(listener.nextDeadline == .distantFuture)
    }

    @Test mutating func anyPacketOfTheClientCounts() {
        listener.packetReceived(at: .ms(1900))
        #expect(listener.nextDeadline == .ms(2900))
        listener.pongReceived(at: .ms(2000))
        #expect(listener.nextDeadline == .ms(2900), "a pong means nothing here")
    }

    @Test mutating func otherPacketsDoNotCountWhereTheServerPings() {
        heart.packetReceived(at: .ms(1500))
        #expect(heart.nextDeadline == .ms(1600))
    }
}
