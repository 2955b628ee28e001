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

    private let shared: Shared
    private var isClosed = false
    private var nextWarning = NIODeadline.uptimeNanoseconds(0)

    private var counters: Counters { shared.counters }
    private var limit: Int { shared.maxConnections }

    init(_ shared: Shared) { self.shared = shared }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let child = unwrapInboundIn(data)
        counters.opened()
        child.closeFuture.whenComplete { [counters] _ in counters.closed() }
        context.fireChannelRead(data)
        if counters.openConnections >= limit {
            pause(
                context,
                "\(limit) connections are open, the most that --max-connections or the open-file limit allow")
        }
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
