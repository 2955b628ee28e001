/// Why a polling body could not be read to its end. Always the peer's fault; the packets before it count.
package enum PayloadError: Error, Equatable, Sendable {
    case packet(EnginePacketError)
    case morePackets(than: Int)
    /// A length that is missing, not all digits, or too long to be meant.
    case illegalLength
    /// The body ends before the packet does.
    case shorter(than: Int)
    /// A length that ends between the two UTF-16 units of one letter.
    case splitsALetter
    case invalidUTF8
    /// A first byte that is no framing.
    case illegalFraming(UInt8)
}
