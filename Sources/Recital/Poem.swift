/// A text cut into stanzas, read once at the start and then never changed.
///
/// Stanzas are separated by one or more blank lines; a line of only white space is blank. Lines end with LF,
/// CRLF or CR; a byte order mark at the beginning is dropped, and so is white space at the end of a verse.
/// White space at its beginning is the poet's and stays. "White space" is Unicode's property, so a no-break
/// space counts.
package struct Poem: Equatable, Sendable {
    /// How long a text may be. Its operator chose it, so this only keeps a wrong file (an image, a disk) from
    /// being taken for a poem, and a stanza well under what a connection may hold back.
    package struct Limits: Equatable, Sendable {
        /// Bytes of the whole text. At two bytes a stanza and one blank line, their number stays in a
        /// cursor's digits.
        package var maxBytes: Int
        /// Bytes of a stanza: its verses and the line ends between them.
        package var maxStanzaBytes: Int

        package init(maxBytes: Int = 64 << 20, maxStanzaBytes: Int = 256 << 10) {
            self.maxBytes = maxBytes
            self.maxStanzaBytes = maxStanzaBytes
        }
    }

    package let title: String

    /// At least one.
    package let stanzas: [Stanza]

    /// - Parameter utf8: the bytes of the text file.
    /// - Throws: ``PoemError``, the operator's fault. Of several faults the first in the file is told.
    package init(title: String, utf8: [UInt8], limits: Limits = Limits()) throws(PoemError) {
        guard utf8.count <= limits.maxBytes else {
            throw .tooLong(bytes: utf8.count, limit: limits.maxBytes)
        }
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var lines = Lines(rest: utf8.starts(with: byteOrderMark) ? utf8.dropFirst(3) : utf8[...])
        var cut = Cut(limit: limits.maxStanzaBytes)
        while let line = lines.next() {
            guard let verse = Poem.verse(line) else { throw .notUTF8(line: lines.number) }
            try cut.append(verse, line: lines.number)
        }
        cut.endStanza()
        guard !cut.stanzas.isEmpty else { throw .empty }
        self.title = title
        stanzas = cut.stanzas
    }

    /// The canonical text: the stanzas with a blank line between them and one line end behind the last.
    package var text: String {
        stanzas.map(\.text).joined(separator: "\n\n") + "\n"
    }

    /// A line without its trailing white space, or `nil` if it is not UTF-8.
    private static func verse(_ line: ArraySlice<UInt8>) -> Substring? {
        // Decoding puts U+FFFD for what is broken, and so changes its bytes; a U+FFFD that was there stays as
        // it was.
        let decoded = String(decoding: line, as: UTF8.self)
        guard decoded.utf8.elementsEqual(line) else { return nil }
        let scalars = decoded.unicodeScalars
        guard let last = scalars.lastIndex(where: { !$0.properties.isWhitespace }) else { return "" }
        return decoded[..<scalars.index(after: last)]
    }
}

/// Bytes cut at LF, CRLF and CR.
private struct Lines {
    var rest: ArraySlice<UInt8>
    /// Of the line last returned, from 1.
    private(set) var number = 0

    init(rest: ArraySlice<UInt8>) { self.rest = rest }

    mutating func next() -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        number += 1
        let end = rest.firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } ?? rest.endIndex
        let line = rest[..<end]
        let isPair = rest[end...].starts(with: [UInt8(ascii: "\r"), UInt8(ascii: "\n")])
        rest = rest[end...].dropFirst(isPair ? 2 : 1)
        return line
    }
}

/// The stanzas so far, and the one that is still open.
private struct Cut {
    let limit: Int
    private(set) var stanzas: [Stanza] = []
    private var open = ""
    private var firstLine = 0

    init(limit: Int) { self.limit = limit }

    mutating func append(_ verse: Substring, line: Int) throws(PoemError) {
        if verse.isEmpty { return endStanza() }
        if open.isEmpty { firstLine = line } else { open += "\n" }
        open += verse
        if open.utf8.count > limit { throw .stanzaTooLong(line: firstLine, limit: limit) }
    }

    mutating func endStanza() {
        guard !open.isEmpty else { return }
        stanzas.append(Stanza(index: stanzas.count, text: open))
        open = ""
    }
}
