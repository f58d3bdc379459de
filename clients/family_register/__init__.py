"""전자가족관계등록시스템 (family relations register): its own key, and assurance level 2 or better."""
