"""Pages about a machine. This package draws a recorded run, as a file or as a tab of a site.

``contents`` puts the sections together, one module each; ``marks`` has the kinds of charts that
they are drawn with; ``document`` makes one offline file of them, ``published`` the pages of a site.
"""
