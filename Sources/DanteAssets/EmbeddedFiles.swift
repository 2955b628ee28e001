/// The text, the page and the client script, as they were when the binary was built.
package enum EmbeddedFiles {
    package static let longfellow = PackageResources.inferno_1_longfellow_txt
    package static let index = PackageResources.index_html
    package static let pageStyle = PackageResources.page_css
    package static let pageScript = PackageResources.page_js
    package static let slashScript = PackageResources.slash_js
    package static let embedScript = PackageResources.embed_js
    package static let chatPage = PackageResources.chat_html
    package static let chatStyle = PackageResources.chat_css
    package static let chatScript = PackageResources.chat_js
    package static let clientScript = PackageResources.socket_io_js
}
