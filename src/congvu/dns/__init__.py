"""The DNS records that a site's mail needs: what to publish, and whether it is published.

`site` gathers what is known of a site, `records` makes records of it, `published` asks a resolver, `compare`
judges, `show` prints.
"""
