//! URLs of files and folders. A folder's query string belongs to every file in it.

/// The URL of a file, split into its folder and its name there.
///
/// ```
/// use secondpass::bytes::FileAddress;
///
/// let file = FileAddress::from_url("https://example.org/models/model.gguf?token=x#top");
/// assert_eq!((file.folder.as_str(), file.name.as_str()), ("https://example.org/models/?token=x", "model.gguf"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAddress {
    /// The URL of the folder.
    pub folder: String,
    /// The file's name in it.
    pub name: String,
}

impl FileAddress {
    /// Splits a URL. The query string stays with the folder; a fragment is dropped.
    pub fn from_url(url: &str) -> Self {
        let (path, query) = url.find(['?', '#']).map_or((url, ""), |at| url.split_at(at));
        let query = query.split('#').next().unwrap_or_default();
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        Self { folder: format!("{parent}/{query}"), name: name.to_owned() }
    }

    /// The URL of the file. The folder may end in a slash, and may have a query string.
    pub fn url(&self) -> String {
        let (path, query) = self.folder.split_once('?').map_or((self.folder.as_str(), None), |(p, q)| (p, Some(q)));
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}/{}{query}", path.trim_end_matches('/'), self.name)
    }

    /// Whether the name is that of a GGUF file.
    pub fn is_gguf(&self) -> bool {
        self.name.to_ascii_lowercase().ends_with(".gguf")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_split_and_joined_again() {
        for (url, folder, name) in [
            ("https://h/m/model.gguf", "https://h/m/", "model.gguf"),
            ("https://h/m/model.GGUF?a=/b#c", "https://h/m/?a=/b", "model.GGUF"),
            ("/model.gguf#c?d", "/", "model.gguf"),
            ("model.gguf", "/", "model.gguf"),
        ] {
            let file = FileAddress::from_url(url);
            assert_eq!((file.folder.as_str(), file.name.as_str()), (folder, name));
            assert!(file.is_gguf(), "{url}");
        }
        assert!(!FileAddress::from_url("https://h/m.gguf/").is_gguf());
        assert!(!FileAddress::from_url("https://h/m?file=x.gguf").is_gguf());
        let url = |folder: &str| FileAddress { folder: folder.to_owned(), name: "a.json".to_owned() }.url();
        assert_eq!(url("https://h/m/?t=1"), "https://h/m/a.json?t=1");
        assert_eq!(url("https://h/m"), "https://h/m/a.json");
    }
}
