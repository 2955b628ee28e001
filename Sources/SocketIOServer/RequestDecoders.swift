internal import NIOCore
internal import NIOHTTP1

/// The HTTP parsers of one event loop, lent to connections for as long as they read a request.
///
/// A connection whose poll waits, whose answer grows, or that is idle has none: a parser with its buffers is 1.2 kB,
/// a quarter of what a waiting poll would cost.
///
/// Owner: the event loop of its worker.
final class RequestDecoders {
    private let limits: NIOHTTPDecoderLimitConfiguration
    private var spare: [HTTPRequestDecoder] = []
    /// As many as may be between two of their requests at a time without one being made anew.
    private static let maxSpare = 64

    init(maxHead: Int, maxFields: Int) {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = maxHead
        limits.maxHeaderListSize = maxHead
        limits.maxHeaderFieldCount = maxFields
        self.limits = limits
    }

    /// - Parameter context: the requests' parts go to the handler behind it.
    func take(for context: ChannelHandlerContext) -> HTTPRequestDecoder {
        let decoder =
            spare.popLast()
            ?? HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
        decoder.decoderAdded(context: context)
        return decoder
    }

    /// - Parameter isReusable: it stands between two requests and would read another.
    func giveBack(_ decoder: HTTPRequestDecoder, from context: ChannelHandlerContext, isReusable: Bool) {
        decoder.decoderRemoved(context: context)
        if isReusable, spare.count < Self.maxSpare { spare.append(decoder) }
    }
}
