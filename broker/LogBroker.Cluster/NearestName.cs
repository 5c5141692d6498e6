namespace LogBroker.Cluster;

/// <summary>Finds the name that somebody probably meant. Pure.</summary>
public static class NearestName
{
    /// <summary>
    /// The candidate with the fewest single-character edits from <paramref name="name"/>, or null when none is near: more than a third
    /// of its characters, but at least two, would have to change.
    /// </summary>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        string? nearest = null;
        int fewest = int.MaxValue;
        foreach (string candidate in candidates)
        {
            int edits = Edits(name, candidate);
            if (edits < fewest && edits <= Math.Max(2, candidate.Length / 3))
            {
                fewest = edits;
                nearest = candidate;
            }
        }

        return nearest;
    }

    private static int Edits(string from, string to)
    {
        if (from.Length > 256)
        {
            return int.MaxValue;
        }

        Span<int> row = stackalloc int[257];
        for (int j = 0; j <= from.Length; j++)
        {
            row[j] = j;
        }

        foreach ((int i, char c) in to.Index())
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 1; j <= from.Length; j++)
            {
                int replaced = diagonal + (char.ToLowerInvariant(from[j - 1]) == char.ToLowerInvariant(c) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[from.Length];
    }
}
