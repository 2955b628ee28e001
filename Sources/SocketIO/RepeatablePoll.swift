/// A poll that its client may send again in the same words, with what it meant.
///
/// The edge keeps it with the words, so that the next poll in the same words needs neither be parsed nor routed.
package struct RepeatablePoll {
    let client: any PollingClient
    let origin: String?
    /// The script callback's index, before Engine.IO.
    var callback: String?

    /// The same poll once more.
    ///
    /// - Parameter tag: the value of the parameter `t`, "" when there is none.
    /// - Returns: false when it would mean something else by now; then nothing has been done.
    package func again(tag: String, on link: any Link, at now: Instant) -> Bool {
        guard !client.isEnded, client.isPolling else { return false }
        client.polled(self, tag: tag.isEmpty ? nil : tag, on: link, at: now)
        return true
    }
}

/// A client that polls.
protocol PollingClient: Client {
    func polled(_ poll: RepeatablePoll, tag: String?, on link: any Link, at now: Instant)
}
