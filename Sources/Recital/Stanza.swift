/// One stanza of a poem: what a reader hears at once.
package struct Stanza: Equatable, Sendable {
    /// Place in the poem, from 0.
    package let index: Int

    /// The verses joined by `\n`: no line end behind the last one, no `\r`, no blank verse. This is the
    /// payload of every transport; it may hold any other character, so JSON and HTML still have to escape it.
    package let text: String

    package init(index: Int, text: String) {
        self.index = index
        self.text = text
    }

    /// Place in the poem, from 1, as readers count and as the cursor says it.
    package var number: Int { index + 1 }

    /// What a reader that has heard this stanza sends to go on behind it.
    package var cursor: String { Cursor.text(after: number) }

    /// The verses one by one, for transports that frame each line, as Server-Sent Events do. Cost: allocates.
    package var verses: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
}
