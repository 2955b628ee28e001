internal import NIOCore
internal import SocketIO

extension Workers {
    /// Says that the server is leaving, waits for the drain delay, and ends every exchange in its protocol's way within
    /// the drain window; returns when all connections are gone or the shutdown timeout is over, whichever is first.
    ///
    /// - Parameter stopAccepting: called behind the window: until then the polls of those who wait for their goodbye
    ///   may come on new connections.
    func drain(_ shared: Shared, stopAccepting: () async -> Void = {}) async {
        onEach { $0.announceLeaving() }
        // The whole of it, whoever is here: the next reader may already be on its way.
        try? await Task.sleep(for: shared.settings.drainDelay)
        let window = await drainWindow(shared)
        onEach { $0.beginDraining(over: window) }
        await shared.connectionsToEnd(within: window)
        await stopAccepting()
        onEach { $0.drain() }
        await shared.connectionsToEnd(within: shared.settings.shutdownTimeout)
    }

    /// How long goodbyes are spread over. A thousand a second are no burst to anybody: with few readers the window is
    /// short.
    private func drainWindow(_ shared: Shared) async -> Duration {
        let totals = (try? await totals(on: loops[0]).get()) ?? Totals()
        // Also who goes through here to a session elsewhere has to come back.
        let count = totals.sessions + totals.readers + totals.relayTunnels
        return min(shared.settings.drainWindow, .milliseconds(count))
    }
}

extension Shared {
    /// Returns when there are none any more, or the time is over.
    fileprivate func connectionsToEnd(within span: Duration) async {
        let end = ContinuousClock.now + span
        while counters.openConnections > 0, ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }
}
