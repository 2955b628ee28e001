/// The number of the last stanza a reader has heard, written in decimal: 1…N, and 0 for none yet.
///
/// It is the same in every protocol: `id:` and `Last-Event-ID` of Server-Sent Events, `?from=`, the offset of
/// Socket.IO 4's connection state recovery. A reading goes on *behind* it.
package enum Cursor {
    /// Digits a cursor may have, leading zeros included. It keeps the number inside `Int` on every machine.
    package static let maxDigits = 9

    /// Reads a cursor that a client sent.
    ///
    /// - Parameter count: the stanzas of the poem; a cursor is at most this.
    /// - Returns: 0…count, or `nil` when it is not a cursor of this poem: empty, over nine digits, too large,
    ///   or with anything in it but ASCII digits (a sign, a space, digits of another script). That is the
    ///   client's fault, and it then hears the poem from the first stanza.
    package static func parse(_ text: String, count: Int) -> Int? {
        let digits = text.utf8
        guard !digits.isEmpty, digits.count <= maxDigits else { return nil }
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number <= count ? number : nil
    }

    /// The cursor of a reader that has heard stanza `number` (from 1).
    package static func text(after number: Int) -> String { String(number) }
}
