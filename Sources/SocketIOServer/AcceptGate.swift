internal import Logging
internal import NIOCore

/// Stops accepting while there is no room: at the configured number of connections, and when the process has no
/// descriptor left. Otherwise a failing `accept` would spin the loop at 100 % (swift-nio 2.101, also with its
/// own back-off handler).
///
/// Owner: the listening channel's event loop.
final class AcceptGate: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    /// How many connections are accepted at a time: several, so that a storm of them costs fewer wake-ups.
    static let batch: UInt = 16

    private let shared: Shared
    /// Near the limit one at a time, so that the gate can stop at it; who is beyond it waits in the backlog.
    private var isNearLimit = false
    private var isClosed = false
    private var nextWarning = NIODeadline.uptimeNanoseconds(0)

    private var counters: Counters { shared.counters }
    private var limit: Int { shared.maxConnections }

    init(_ shared: Shared) { self.shared = shared }

    func handlerAdded(context: ChannelHandlerContext) { look(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        counters.opened()
        context.fireChannelRead(data)
        look(context)
        if counters.openConnections >= limit {
            pause(
                context,
                "\(limit) connections are open, the most that --max-connections or the open-file limit allow")
        }
    }

    /// The new number holds from the next batch on, hence the room for two.
    private func look(_ context: ChannelHandlerContext) {
        let isNear = limit - counters.openConnections <= 2 * Int(Self.batch)
        guard isNear != isNearLimit else { return }
        isNearLimit = isNear
        try? context.channel.syncOptions?.setOption(.maxMessagesPerRead, value: isNear ? UInt(1) : Self.batch)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let failure = error as? IOError else { return context.fireErrorCaught(error) }
        pause(context, "accepting failed: \(failure)")
    }

    private func pause(_ context: ChannelHandlerContext, _ why: String) {
        guard !isClosed else { return }
        isClosed = true
        // Said once a minute at most: a server at its limit opens and closes its gate all the time.
        let now = NIODeadline.now()
        if now >= nextWarning {
            nextWarning = now + .minutes(1)
            shared.logger.warning("no more connections for now: \(why)")
        }
        setAccepting(false, context)
        retry(context)
    }

    private func retry(_ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(250)) {
            guard context.channel.isActive else { return }
            guard self.counters.openConnections < self.limit else { return self.retry(context) }
            self.isClosed = false
            self.setAccepting(true, context)
        }
    }

    private func setAccepting(_ isOn: Bool, _ context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }
}
