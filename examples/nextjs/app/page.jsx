import recipes from './recipes.json'
import { Search } from './search'

// A server component: in a real application the recipes come from a database.
export default function Page() {
  return <Search recipes={recipes} />
}
