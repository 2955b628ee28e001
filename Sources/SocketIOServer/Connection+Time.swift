internal import NIOCore
internal import SocketIO
internal import SocketIOCore

/// How long things may take.
extension Connection {
    /// Sets when this connection ends if nothing more happens; nil: never.
    func expect(_ span: Duration?) {
        guard let span else {
            deadline = .distantFuture
            return
        }
        deadline = Clock.now() + span
        worker.watch(until: deadline)
    }

    func deadlineReached(at now: Instant) {
        guard phase != .closed else { return }
        deadline = .distantFuture
        if phase == .webSocket { return messageTimedOut(at: now) }
        // Who still takes our bytes, however slowly, is given the same time again.
        let left = owed
        guard left > 0, left < owedBefore else {
            if requests?.isReceiving == true {
                worker.refused(RefusalNote("body timeout", setting: "--body-timeout"), peer: peer)
            }
            return abort()
        }
        owedBefore = left
        expect(worker.settings.idleTimeout)
    }

    /// Bytes that the client has not taken yet and NIO holds.
    var owed: Int {
        outstanding == 0 ? 0 : Int((try? channel?.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0)
    }

    /// The server stops.
    func mustEnd(at now: Instant) {
        facts.keepsAlive = false
        if let delegate { return delegate.linkMustEnd(self, at: now) }
        // A body that is half here is not waited for.
        if phase == .http, !isBusy || requests?.isReceiving == true { finish() }
    }

    /// The next request's time begins when the client has got the answer before it.
    ///
    /// In a host's pipeline the time between requests is the host's.
    func expectRequest() { expect(isMounted ? nil : worker.settings.idleTimeout) }

    /// The peer's time to end its half begins when it has got all of ours; a slow one has longer for that.
    func waitForGoodbye() {
        expect(outstanding == 0 ? worker.settings.goodbyeTimeout : worker.settings.idleTimeout)
    }
}
