//! The ways to compute on a GPU, and which of them a number of rows is computed in.

/// A way to compute on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// 4 × 4 results of a product for an invocation, nothing shared: the safe choice.
    #[default]
    Direct,
    /// A workgroup shares what it reads.
    Tile,
    /// 8 × 8 results for an invocation, nothing shared.
    Wide,
    /// The four invocations of a quad hand each other what they have read, which takes the feature `subgroups`.
    Quads,
}

impl Style {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Direct, Self::Tile, Self::Wide, Self::Quads];

    /// The name in `info`.
    pub fn name(self) -> &'static str {
        ["direct", "tile", "wide", "quads"][self as usize]
    }

    /// The style of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|style| style.name() == name)
    }

    /// Rows and columns of the results of a workgroup.
    pub const fn tile(self) -> usize {
        match self {
            Self::Direct => 32,
            Self::Tile | Self::Wide | Self::Quads => 64,
        }
    }

    /// Invocations of a workgroup of a product.
    pub const fn workgroup(self) -> (u32, u32) {
        match self {
            Self::Direct | Self::Wide => (8, 8),
            Self::Tile => (16, 16),
            Self::Quads => (64, 1),
        }
    }
}

/// Rows from which on a pass counts as `middle` and `many`: a document, and a full submission.
const MIDDLE_ROWS: usize = 40;
const MANY_ROWS: usize = 512;

/// The styles of a device by the number of rows: what is fastest for a few is not for a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Styles {
    /// Fewer than a document has.
    pub few: Style,
    /// Fewer than a full submission has.
    pub middle: Style,
    /// The rest.
    pub many: Style,
}

impl Styles {
    /// One for all.
    pub fn all(style: Style) -> Self {
        Self { few: style, middle: style, many: style }
    }

    /// The style for so many rows.
    pub fn of(self, rows: usize) -> Style {
        match rows {
            0..MIDDLE_ROWS => self.few,
            MIDDLE_ROWS..MANY_ROWS => self.middle,
            _ => self.many,
        }
    }

    /// The name in `info`: one style, or the three with slashes between them.
    pub fn name(self) -> String {
        let [few, middle, many] = [self.few, self.middle, self.many].map(Style::name);
        if self == Self::all(self.few) { few.to_owned() } else { format!("{few}/{middle}/{many}") }
    }

    /// The styles of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let styles: Option<Vec<Style>> = name.split('/').map(Style::from_name).collect();
        match *styles?.as_slice() {
            [style] => Some(Self::all(style)),
            [few, middle, many] => Some(Self { few, middle, many }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let mixed = Styles { few: Style::Direct, middle: Style::Quads, many: Style::Tile };
        for styles in [Styles::all(Style::Wide), mixed] {
            assert_eq!(Styles::from_name(&styles.name()), Some(styles));
        }
        assert_eq!(mixed.name(), "direct/quads/tile");
        assert_eq!(Styles::from_name("direct/quads"), None);
        assert_eq!(Styles::from_name("fast"), None);
        assert_eq!([mixed.of(1), mixed.of(160), mixed.of(4096)], [Style::Direct, Style::Quads, Style::Tile]);
    }
}
