namespace LogBroker.Cli;

/// <summary>"Did you mean": the nearest known word, when it is near enough to be a slip of the finger.</summary>
internal static class Suggestions
{
    /// <summary>The nearest candidate, or null when none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        string? best = null;
        int bestDistance = int.MaxValue;
        string bare = word.TrimStart('-');
        foreach (string candidate in candidates)
        {
            string bareCandidate = candidate.TrimStart('-');
            int distance = bareCandidate.StartsWith(bare, StringComparison.OrdinalIgnoreCase) && bare.Length >= 2
                ? 1
                : Distance(bare.ToLowerInvariant(), bareCandidate.ToLowerInvariant());
            if (distance < bestDistance && distance <= Math.Max(1, bareCandidate.Length / 3))
            {
                best = candidate;
                bestDistance = distance;
            }
        }

        return best;
    }

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.</summary>
    internal static int Distance(string a, string b)
    {
        int[,] cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }

                int replace = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                cost[i, j] = Math.Min(replace, Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[a.Length, b.Length];
    }
}
